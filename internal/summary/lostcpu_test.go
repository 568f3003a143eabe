package summary

import (
	"testing"
	"time"

	"github.com/crossrank/crossrank/internal/results"
	"github.com/crossrank/crossrank/internal/state"
)

func sampled(steal, throttled *float64, seconds float64) results.Sample {
	return results.Sample{Sample: state.Sample{Time: time.Unix(1, 0), IntervalS: seconds, StealPct: steal, ThrottledPct: throttled}}
}

// CPU time that a server lacked is a mean over time, and what was not measured is no figure.
func TestLostCPU(t *testing.T) {
	for _, c := range []struct {
		what             string
		samples          []results.Sample
		cores            int
		steal, throttled string
		words            string
	}{
		{"no samples", nil, 2, "n/a", "n/a", ""},
		{"an older program's", []results.Sample{sampled(nil, nil, 1)}, 2, "n/a", "n/a", ""},
		{"none lost", []results.Sample{sampled(new(0.0), new(0.0), 1)}, 2, "0.0", "0.0", ""},
		{"a little of two cores", []results.Sample{sampled(new(1.9), nil, 1)}, 2, "1.9", "n/a", ""},
		{"the same of one core", []results.Sample{sampled(new(1.9), nil, 1)}, 1, "1.9", "n/a", "1.9 % of a core was taken by others on the machine's host"},
		{"weighted by time", []results.Sample{sampled(new(0.0), new(0.0), 3), sampled(new(40.0), new(80.0), 1)}, 2, "10.0", "20.0",
			"10.0 % of a core was taken by others on the machine's host, and 20.0 % of a core was held back by a CPU quota"},
		{"not in every sample", []results.Sample{sampled(nil, nil, 3), sampled(nil, new(8.0), 1)}, 0, "n/a", "8.0", "8.0 % of a core was held back by a CPU quota"},
	} {
		res := &results.Results{Run: results.Run{Machine: results.Machine{Cores: c.cores}}, Configurations: []*results.Measured{{Samples: c.samples}}}
		s := Of(res)
		got := &s.Configurations[0]
		if got.Steal.Format("%.1f") != c.steal || got.Throttled.Format("%.1f") != c.throttled {
			t.Errorf("%s: steal %v and throttled %v, want %s and %s", c.what, got.Steal, got.Throttled, c.steal, c.throttled)
		}
		if words := got.LostCPU(c.cores); words != c.words {
			t.Errorf("%s: said %q, want %q", c.what, words, c.words)
		}
		if n := Disturbed(s); (n == 1) != (c.words != "") {
			t.Errorf("%s: %d configurations are disturbed", c.what, n)
		}
	}
}
