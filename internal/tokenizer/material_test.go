package tokenizer

import (
	"encoding/hex"
	"slices"
	"strings"
	"testing"

	"github.com/crossrank/crossrank/internal/material"
)

func bertVocab(t testing.TB) []string { return readLines(t, material.Path(t, "vocab", "vocab.txt")) }

func TestFixtures(t *testing.T) {
	tok := newTokenizer(t, bertVocab(t), Options{})
	for _, name := range []string{"bert-a-f32", "bert-b-bf16"} {
		t.Run(name, func(t *testing.T) {
			cases := material.Cases(t, name)
			if len(cases) == 0 {
				t.Fatal("no cases")
			}
			for _, c := range cases {
				checkPair(t, tok, c.Query, c.Passage, c.MaxLength, KeepStart, c.IDs, c.TypeIDs)
			}
		})
	}
}

func TestBertBaseUncasedCases(t *testing.T) {
	tok := newTokenizer(t, bertVocab(t), Options{})
	var golden struct {
		Cases []struct {
			Name, Text string
			TextPair   *string `json:"text_pair"`
			TextBytes  string  `json:"text_bytes_hex"`
			Tokens     []string
			IDs        []int32
		}
	}
	material.ReadJSON(t, &golden, "golden", "bert_base_uncased_cases.json")
	if len(golden.Cases) != 36 {
		t.Errorf("%d cases, want 36", len(golden.Cases))
	}
	for _, c := range golden.Cases {
		t.Run(c.Name, func(t *testing.T) {
			if c.TextBytes != "" {
				raw, err := hex.DecodeString(c.TextBytes)
				if err != nil {
					t.Fatal(err)
				}
				c.Text = string(raw)
			}
			words := tok.Append(nil, c.Text)
			ids := append(append(slices.Clone(tok.template.head), words...), tok.template.tail...)
			if c.TextPair != nil {
				ids, _, _ = tok.Pair(nil, c.Text, *c.TextPair, 512, KeepStart)
				words = tok.Append(words, *c.TextPair)
			}
			if !slices.Equal(ids, c.IDs) {
				t.Errorf("%+q:\n got %v\nwant %v", c.Text, ids, c.IDs)
			}
			if got := pieces(tok, words); !slices.Equal(got, c.Tokens) {
				t.Errorf("%+q:\n got %q\nwant %q", c.Text, got, c.Tokens)
			}
		})
	}
}

func pieces(tok *Tokenizer, ids []int32) []string {
	list := []string{}
	for _, id := range ids {
		list = append(list, tok.Token(id))
	}
	return list
}

func TestMSMarcoQueries(t *testing.T) {
	tok := newTokenizer(t, bertVocab(t), Options{})
	queries := readLines(t, material.Path(t, "golden", "msmarco-dev.queries.tsv"))
	want := readLines(t, material.Path(t, "golden", "msmarco-dev.wordpieces.tsv"))
	if len(queries) != 6980 || len(want) != len(queries) {
		t.Fatalf("%d queries and %d answers, want 6980 of both", len(queries), len(want))
	}
	for i, line := range queries {
		id, text, _ := strings.Cut(line, "\t")
		got := id + "\t" + strings.Join(pieces(tok, tok.Append(nil, text)), " ")
		if got != want[i] {
			t.Errorf("query %d:\n got %s\nwant %s", i, got, want[i])
		}
	}
}

// TestBuiltinVocabulary holds the vocabulary that the program ships to what it is for: text that
// it was not learnt from takes no more pieces than with a vocabulary for its language.
func TestBuiltinVocabulary(t *testing.T) {
	tok := newTokenizer(t, readLines(t, "../checkpoint/builtin_vocab.txt"), Options{})
	if tok.VocabSize() > 30522 {
		t.Errorf("%d pieces, more than 30522", tok.VocabSize())
	}
	var words, tokens, unknown int
	for _, text := range material.Texts(t) {
		words += len(strings.Fields(text))
		for _, id := range tok.Append(nil, text) {
			tokens++
			if id == tok.unknown {
				unknown++
			}
		}
	}
	perWord := float64(tokens) / float64(words)
	t.Logf("%d words, %d tokens, %.3f a word, %d unknown", words, tokens, perWord, unknown)
	if perWord > 1.7 || unknown > tokens/100 {
		t.Errorf("%.3f tokens a word and %d of %d unknown", perWord, unknown, tokens)
	}
}
