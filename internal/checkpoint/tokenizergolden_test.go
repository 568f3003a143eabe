package checkpoint

import (
	"slices"
	"strings"
	"testing"

	"github.com/crossrank/crossrank/internal/material"
	"github.com/crossrank/crossrank/internal/tokenizer"
)

// TestTokenizerGolden compares tokenizers of real models with lists of tokens that another project
// published. A model is compared with the tokenizer that it shares.
func TestTokenizerGolden(t *testing.T) {
	for _, c := range []struct{ list, model, file string }{
		{"xlm_roberta", "Xenova/bge-reranker-base", "xlm-roberta.json"},
		{"deberta_v2", "Xenova/nli-deberta-v3-small", "deberta-v3.json"},
		{"roberta", "Xenova/all-distilroberta-v1", "roberta.json"},
		{"t5", "google-t5/t5-small", "t5.json"},
		{"t5", "Xenova/t5-small", "t5.json"},
		{"qwen2", "Xenova/Qwen1.5-0.5B-Chat", "qwen3.json"},
	} {
		t.Run(c.model, func(t *testing.T) {
			var lists map[string]map[string]struct {
				Text string
				IDs  []int32
			}
			material.ReadJSON(t, &lists, "tokenizers", "golden", "tokens."+c.list+".json")
			tok := readTokenizer(t, material.Path(t, "tokenizers", c.file))
			if c.list == "xlm_roberta" {
				tok = newXLMR(t, c.file)
			}
			if len(lists[c.model]) == 0 {
				t.Fatal("no texts")
			}
			for name, want := range lists[c.model] {
				if got := tok.Append(nil, want.Text); !slices.Equal(got, inner(tok, want.IDs)) {
					t.Errorf("%s: %+q:\n got %v\nwant %v", name, want.Text, show(tok, got), show(tok, want.IDs))
				}
			}
		})
	}
}

// newXLMR is the tokenizer of a file as newer versions of the library save it: white space is not
// cut away, but runs of spaces are one.
func newXLMR(t *testing.T, file string) *tokenizer.Tokenizer {
	t.Helper()
	v := variant{}
	material.ReadJSON(t, &v, "tokenizers", file)
	v["normalizer"] = normalizers(component(v["normalizer"].(map[string]any)), replaceRegex(" {2,}", " "))
	v["pre_tokenizer"] = metaspace("always", true)
	return buildTokenizer(t, []byte(short(v)))
}

// inner is a single text's ids without those that the template puts around it.
func inner(tok *tokenizer.Tokenizer, ids []int32) []int32 {
	template, _, _ := tok.Join(nil, nil, nil, 0, tokenizer.KeepStart)
	if len(template) == 0 {
		return ids
	}
	if len(ids) > 0 && ids[0] == template[0] && len(template) > 2 {
		ids = ids[1:]
	}
	return ids[:len(ids)-1]
}

// TestQwenFixtures compares whole prompts of Qwen's reranker, whose parts are tokenized one by one.
func TestQwenFixtures(t *testing.T) {
	const prefix = "<|im_start|>system\nJudge whether the Document meets the requirements based on the Query and the Instruct provided. " +
		"Note that the answer can only be \"yes\" or \"no\".<|im_end|>\n<|im_start|>user\n"
	const suffix = "<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n"
	const instruction = "Given a web search query, retrieve relevant passages that answer the query"
	for _, name := range []string{"qwen3-causal-a", "qwen3-seq-a"} {
		t.Run(name, func(t *testing.T) {
			tok := readTokenizer(t, material.Path(t, "fixtures", name, tokenizerFile))
			cases := material.Cases(t, name)
			if len(cases) < 200 {
				t.Fatalf("%d cases", len(cases))
			}
			begin, end := tok.Append(nil, prefix), tok.Append(nil, suffix)
			for _, c := range cases {
				body := tok.Append(nil, "<Instruct>: "+instruction+"\n<Query>: "+c.Query+"\n<Document>: "+c.Passage)
				body = body[:min(len(body), c.MaxLength-len(begin)-len(end))]
				if got := slices.Concat(begin, body, end); !slices.Equal(got, c.IDs) {
					t.Errorf("%+q, %+q:\n got %v\nwant %v", c.Query, c.Passage, got, c.IDs)
				}
			}
		})
	}
}

// TestTokenizersAllocateNothing: a pair takes no memory once its texts' kinds of characters were
// seen.
func TestTokenizersAllocateNothing(t *testing.T) {
	text := strings.Join(samples, " ")
	for _, elem := range wholeTokenizers {
		t.Run(elem[1], func(t *testing.T) {
			if raceDetector {
				t.Skip("the race detector makes sync.Pool drop what it holds, on purpose")
			}
			tok := readTokenizer(t, material.Path(t, elem...))
			var dst []int32
			for range 3 {
				dst, _, _ = tok.Pair(dst[:0], text, text, 512, tokenizer.KeepEnd)
			}
			allocs := testing.AllocsPerRun(20, func() {
				dst, _, _ = tok.Pair(dst[:0], text, text, 512, tokenizer.KeepStart)
			})
			if allocs > 0 {
				t.Errorf("%v allocations a pair", allocs)
			}
		})
	}
}

// TestTokenizersHostileText tokenizes a mebibyte of what is worst for some stage. All of it takes a
// time that grows little faster than the text, so that a test that takes minutes has found
// something.
func TestTokenizersHostileText(t *testing.T) {
	size := 1 << 20
	if testing.Short() {
		size = 1 << 14
	}
	texts := map[string]string{}
	for name, part := range map[string]string{
		"one letter": "a", "one word": "Beispielwort", "spaces": " ", "line ends": "\n", "spaces and a line end": "      \n",
		"marks": "\u0301", "marks out of order": "\u0301\u0327", "a letter of three bytes": "漢", "pictures joined": "👩\u200d",
		"flags": "🇩", "Hangul": "\u1112\u1161\u11ab", "apostrophes": "'", "brackets": "[SE", "bytes 0": "\x00", "invalid bytes": "\xff",
		"unknown characters": "\U000e0fff", "digits": "7", "an added token": "<mask> ", "replacement": "▁", "no-break spaces": "\u00a0",
	} {
		texts[name] = strings.Repeat(part, size/len(part))
	}
	for _, elem := range wholeTokenizers {
		t.Run(elem[1], func(t *testing.T) {
			tok := readTokenizer(t, material.Path(t, elem...))
			for name, text := range texts {
				ids := tok.Append(nil, text)
				for _, id := range ids {
					if id < 0 || int(id) >= tok.VocabSize() {
						t.Fatalf("%s: id %d of %d", name, id, tok.VocabSize())
					}
				}
			}
		})
	}
}
