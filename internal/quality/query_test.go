package quality

import (
	"slices"
	"testing"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/client"
	"github.com/crossrank/crossrank/internal/scorertest"
)

// TestQualityInEveryDialect: where a dialect takes one query per request, rankings are made of
// several, and no score is moved.
func TestQualityInEveryDialect(t *testing.T) {
	pairs := []crossrank.Pair{{Query: "a", Passage: "1"}, {Query: "a", Passage: "2"}, {Query: "b", Passage: "3"}, {Query: "a", Passage: "4"}}
	for _, tt := range []struct {
		dialect client.Dialect
		calls   int
		raw     bool
	}{{"", 1, true}, {client.Crossrank, 1, true}, {client.TEI, 1, true}, {client.LlamaCpp, 3, true}, {client.Cohere, 3, false}} {
		fake := &scorertest.Fake{}
		resp, err := ByQuery(fake, tt.dialect).Score(t.Context(), &crossrank.Request{Pairs: pairs, Raw: true})
		if err != nil {
			t.Fatal(err)
		}
		want := make([]float32, len(pairs))
		for i, p := range pairs {
			if want[i] = scorertest.Logit(p); !tt.raw {
				want[i] = crossrank.Sigmoid(want[i])
			}
		}
		if !slices.Equal(resp.Scores, want) || int(fake.Calls()) != tt.calls || fake.Last().Raw != tt.raw {
			t.Errorf("%s: got %v in %d calls, the last raw: %v; want %v in %d", tt.dialect, resp.Scores, fake.Calls(), fake.Last().Raw, want, tt.calls)
		}
	}
}
