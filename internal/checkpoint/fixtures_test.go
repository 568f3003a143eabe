package checkpoint

import (
	"slices"
	"testing"

	"github.com/crossrank/crossrank/internal/material"
)

// The fixtures open, whichever family they are of and whichever type their weights have, and their
// tokenizers give the ids that the Hugging Face library gave.
func TestFixtures(t *testing.T) {
	for _, c := range []struct {
		name   string
		dir    func(testing.TB, string) string
		family string
		want   Activation
		length int
	}{
		{"bert-a-f32", material.Model, "BERT", Identity, 512},
		{"bert-b-bf16", material.Model, "BERT", Sigmoid, 512},
		{"xlmr-a", fixture, "XLM-RoBERTa", Sigmoid, 512},
		{"roberta-a", fixture, "RoBERTa", Sigmoid, 512},
		{"electra-a", fixture, "ELECTRA", Sigmoid, 512},
		{"distilbert-a", fixture, "DistilBERT", Sigmoid, 512},
		{"deberta-a", fixture, "DeBERTa-v2", Sigmoid, 512},
		{"modernbert-a", fixture, "ModernBERT", Sigmoid, 8192},
		{"modernbert-mean", fixture, "ModernBERT", Sigmoid, 8192},
		{"qwen3-causal-a", fixture, "Qwen3", Sigmoid, 40960},
		{"qwen3-seq-a", fixture, "Qwen3", Sigmoid, 40960},
	} {
		m, err := Open(c.dir(t, c.name))
		if err != nil {
			t.Fatal(err)
		}
		if m.Family != c.family || m.Activation != c.want || m.MaxLength != c.length {
			t.Errorf("%s: family %s, activation %s, max length %d; want %s, %s, %d",
				c.name, m.Family, m.Activation, m.MaxLength, c.family, c.want, c.length)
		}
		checkIDs(t, c.name, m.Reading)
	}
}

func fixture(t testing.TB, name string) string {
	t.Helper()
	return material.Path(t, "fixtures", name)
}

func checkIDs(t *testing.T, name string, r Reading) {
	t.Helper()
	cases := material.Cases(t, name)
	for _, c := range cases {
		r.MaxLength = c.MaxLength
		if got, _ := r.Pair(nil, c.Query, c.Passage); !slices.Equal(got, c.IDs) {
			t.Errorf("%s: %.40q, %.40q: ids differ", name, c.Query, c.Passage)
		}
	}
	if len(cases) == 0 {
		t.Errorf("%s: there are no cases", name)
	}
}
