package checkpoint

import (
	"encoding/json"
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
			var fixture struct {
				Cases []struct {
					Query, Passage string
					MaxLength      int `json:"max_length"`
					IDs            []int32
					TypeIDs        []int32 `json:"type_ids"`
				}
			}
			readMaterial(t, &fixture, "fixtures", name, "expected.json")
			if len(fixture.Cases) < 200 {
				t.Fatalf("%d cases", len(fixture.Cases))
			}
			for _, c := range fixture.Cases {
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

func readMaterial(t testing.TB, into any, elem ...string) {
	t.Helper()
	data, err := os.ReadFile(material.Path(t, elem...))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatal(err)
	}
}
