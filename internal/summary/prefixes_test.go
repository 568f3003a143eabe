package summary

import (
	"testing"

	"github.com/crossrank/crossrank/internal/results"
	"github.com/crossrank/crossrank/internal/state"
)

func TestPrefixes(t *testing.T) {
	var some, none, plain results.Sample
	some.CountPrefixes(state.Prefixes{Hits: 1, MaxBytes: 9}, state.Prefixes{Hits: 4, Misses: 1, Tokens: 70, MaxBytes: 9})
	none.CountPrefixes(state.Prefixes{MaxBytes: 9}, state.Prefixes{MaxBytes: 9})
	plain.CountPrefixes(state.Prefixes{}, state.Prefixes{})
	for _, c := range []struct {
		name    string
		samples []results.Sample
		want    *Prefixes
		pct     string
	}{
		{"no sample", nil, nil, ""},
		{"a model that shares nothing", []results.Sample{plain}, nil, ""},
		{"nothing to share yet", []results.Sample{none}, &Prefixes{}, "n/a"},
		{"the sum of two, one of which does not say", []results.Sample{some, plain, some}, &Prefixes{Hits: 6, Misses: 2, SharedTokens: 140}, "75.0"},
	} {
		got := Of(&results.Results{Configurations: []*results.Measured{{Samples: c.samples}}}).Configurations[0].Prefixes
		if (got == nil) != (c.want == nil) {
			t.Errorf("%s: got %+v, want %+v", c.name, got, c.want)
			continue
		}
		if got != nil && (got.Hits != c.want.Hits || got.Misses != c.want.Misses || got.SharedTokens != c.want.SharedTokens || got.HitPct.Format("%.1f") != c.pct) {
			t.Errorf("%s: got %+v, want %+v and %s", c.name, got, c.want, c.pct)
		}
	}
}
