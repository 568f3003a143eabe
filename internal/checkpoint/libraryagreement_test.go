package checkpoint

import (
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/crossrank/crossrank/internal/material"
	"github.com/crossrank/crossrank/internal/tokenizer"
)

// wholeTokenizers are tokenizers of real models.
var wholeTokenizers = [][]string{
	{"tokenizers", "xlm-roberta.json"}, {"tokenizers", "deberta-v3.json"}, {"tokenizers", "t5.json"},
	{"tokenizers", "roberta.json"}, {"tokenizers", "modernbert.json"}, {"tokenizers", "qwen3.json"},
	{"vocab", "tokenizer.json"},
}

// comparedTexts is how many texts are compared for each tokenizer. TOKENIZER_TEXTS=50000 is the
// deep form.
func comparedTexts(t testing.TB) int {
	n := 1_000
	if testing.Short() {
		n = 300
	}
	if s := os.Getenv("TOKENIZER_TEXTS"); s != "" {
		var err error
		if n, err = strconv.Atoi(s); err != nil {
			t.Fatalf("TOKENIZER_TEXTS: %v", err)
		}
	}
	return n
}

// TestLibraryAgreement compares ids with those of the Hugging Face library, over generated texts.
func TestLibraryAgreement(t *testing.T) {
	lib := startLibrary(t)
	n := comparedTexts(t)
	for _, elem := range wholeTokenizers {
		t.Run(elem[1], func(t *testing.T) {
			path := material.Path(t, elem...)
			tok := readTokenizer(t, path)
			if _, err := lib.ask(libraryRequest{File: path}); err != nil {
				t.Fatal(err)
			}
			compareTexts(t, lib, tok, newTextMaker(1), n)
			comparePairs(t, lib, tok, newTextMaker(2), n/10)
			compareUnknown(t, lib, tok, newTextMaker(6), n/4)
		})
	}
}

func compareTexts(t *testing.T, lib *library, tok *tokenizer.Tokenizer, m *textMaker, n int) {
	t.Helper()
	const batch = 500
	differ := 0
	for done := 0; done < n; done += batch {
		var texts, sent []string
		for range batch {
			text := m.make()
			texts, sent = append(texts, text), append(sent, valid(text))
		}
		a, err := lib.ask(libraryRequest{Texts: sent})
		if err != nil {
			t.Fatal(err)
		}
		for i, text := range texts {
			if got := tok.Append(nil, text); !slices.Equal(got, a.IDs[i]) {
				if differ++; differ <= 20 {
					t.Errorf("%+q:\n got %v\nwant %v", text, show(tok, got), show(tok, a.IDs[i]))
				}
			}
		}
	}
	if differ > 0 {
		t.Errorf("%d of %d texts differ", differ, n)
	}
}

// comparePairs compares pairs that are cut to length.
func comparePairs(t *testing.T, lib *library, tok *tokenizer.Tokenizer, m *textMaker, n int) {
	t.Helper()
	var pairs [][4]any
	for range n {
		length := tok.Specials() + m.IntN(24)
		pairs = append(pairs, [4]any{valid(m.make()), valid(m.make()), length, sides[m.IntN(2)]})
	}
	compareCut(t, lib, tok, pairs)
}

// compareUnknown compares pairs of which both texts are longer than the limit, with unknown pieces
// written in them and unknown words: the library reads on after the former, and not after the
// latter, and so takes another side to be the longer one.
func compareUnknown(t *testing.T, lib *library, tok *tokenizer.Tokenizer, m *textMaker, n int) {
	t.Helper()
	words := []string{"<unk>", "[UNK]", "the", " of", "unhappily", " \U000e0fff", "</s>", "[SEP]", " 漢", "."}
	text := func() string {
		var b strings.Builder
		for range 8 + m.IntN(8) {
			b.WriteString(words[m.IntN(len(words))])
		}
		return b.String()
	}
	var pairs [][4]any
	for range n {
		pairs = append(pairs, [4]any{text(), text(), tok.Specials() + 2 + m.IntN(6), sides[m.IntN(2)]})
	}
	compareCut(t, lib, tok, pairs)
}

// sides are the ends at which the library cuts texts.
var sides = []string{"right", "left"}

// compareCut compares pairs: two texts, the greatest length, and the side that is cut.
func compareCut(t *testing.T, lib *library, tok *tokenizer.Tokenizer, pairs [][4]any) {
	t.Helper()
	keeps := map[string]tokenizer.Keep{"right": tokenizer.KeepStart, "left": tokenizer.KeepEnd}
	a, err := lib.ask(libraryRequest{Pairs: pairs})
	if err != nil {
		t.Fatal(err)
	}
	differ := 0
	for i, p := range pairs {
		got, boundary, _ := tok.Pair(nil, p[0].(string), p[1].(string), p[2].(int), keeps[p[3].(string)])
		if want := slices.Index(append(a.Types[i], 1), 1); !slices.Equal(got, a.IDs[i]) || boundary != want {
			if differ++; differ <= 10 {
				t.Errorf("%+q:\n got %v, %d of type 0\nwant %v, %d", p, show(tok, got), boundary, show(tok, a.IDs[i]), want)
			}
		}
	}
	if differ > 0 {
		t.Errorf("%d of %d pairs differ", differ, len(pairs))
	}
}

func show(tok *tokenizer.Tokenizer, ids []int32) (list []string) {
	for _, id := range ids[:min(len(ids), 60)] {
		list = append(list, strconv.Itoa(int(id))+":"+tok.Token(id))
	}
	return list
}
