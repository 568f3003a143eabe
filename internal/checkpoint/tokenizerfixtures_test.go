package checkpoint

import (
	"os"
	"slices"
	"testing"

	"github.com/crossrank/crossrank/internal/material"
	"github.com/crossrank/crossrank/internal/tokenizer"
)

// TestTokenizerFixtures compares the tokenizers of other families with what the Hugging Face
// library gave for pairs of texts, cut to length on either side.
func TestTokenizerFixtures(t *testing.T) {
	for _, name := range []string{
		"deberta-a", "distilbert-a", "electra-a", "modernbert-a", "modernbert-mean", "roberta-a", "xlmr-a",
	} {
		t.Run(name, func(t *testing.T) {
			tok := readTokenizer(t, material.Path(t, "fixtures", name, tokenizerFile))
			cases := material.Cases(t, name)
			if len(cases) < 200 {
				t.Fatalf("%d cases", len(cases))
			}
			for _, c := range cases {
				ids, boundary, _ := tok.Pair(nil, c.Query, c.Passage, c.MaxLength, tokenizer.KeepStart)
				if !slices.Equal(ids, c.IDs) {
					t.Errorf("%+q, %+q, at most %d:\n got %v\nwant %v", c.Query, c.Passage, c.MaxLength, ids, c.IDs)
				}
				if want := slices.Index(append(c.TypeIDs, 1), 1); c.TypeIDs != nil && boundary != want {
					t.Errorf("%+q, %+q: %d tokens are of type 0, want %d", c.Query, c.Passage, boundary, want)
				}
			}
		})
	}
}

func readTokenizer(t testing.TB, path string) *tokenizer.Tokenizer {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return buildTokenizer(t, data)
}

func buildTokenizer(t testing.TB, data []byte) *tokenizer.Tokenizer {
	t.Helper()
	v, err := parseTokenizer(data)
	if err != nil {
		t.Fatal(err)
	}
	tok, err := v.build()
	if err != nil {
		t.Fatal(err)
	}
	return tok
}
