package stats

import (
	"math"
	"strings"
	"testing"
	"time"
)

const ms = time.Millisecond

// every gives n moments, one each gap.
func every(gap time.Duration, n int) []time.Duration {
	at := make([]time.Duration, n)
	for i := range at {
		at[i] = time.Duration(i) * gap
	}
	return at
}

func TestPacing(t *testing.T) {
	plan := every(10*ms, 101) // 100 a second
	later := func(by func(i int) time.Duration) []time.Duration {
		sent := make([]time.Duration, len(plan))
		for i := range plan {
			sent[i] = plan[i] + by(i)
		}
		return sent
	}
	for _, c := range []struct {
		what      string
		sent      []time.Duration
		objective time.Duration
		lag       time.Duration
		achieved  float64
		dropped   int
		fault     string
	}{
		{"on time", plan, 0, 0, 100, 0, ""},
		{"one of 101 late, which P99 is not yet", later(func(i int) time.Duration { return at(i == 50, 9*ms) }), 0, 0, 100, 0, ""},
		{"two late", later(func(i int) time.Duration { return at(i == 50 || i == 60, 9*ms) }), 0, 9 * ms, 100, 0, "send lag is 9 ms, above the bound of 1 ms"},
		{"all late by 1.5 ms, for an objective of 200 ms", later(func(int) time.Duration { return 1500 * time.Microsecond }), 200 * ms, 1500 * time.Microsecond, 100, 0, ""},
		{"all late by 1.5 ms, for one of 50 ms", later(func(int) time.Duration { return 1500 * time.Microsecond }), 50 * ms, 1500 * time.Microsecond, 100, 0, "above the bound of 1 ms"},
		{"two dropped", later(func(i int) time.Duration { return at(i == 7 || i == 8, -time.Hour) }), 0, 0, 98, 2, "98 requests/s were sent of 100"},
	} {
		p := PacingOf(plan, c.sent)
		if p.LagP99 != c.lag || math.Abs(p.Offered-100) > 1e-9 || math.Abs(p.Achieved-c.achieved) > 1e-9 || p.Dropped != c.dropped {
			t.Errorf("%s: got %+v, want lag %v, 100 of which %g, %d dropped", c.what, p, c.lag, c.achieved, c.dropped)
		}
		if got := p.Fault(c.objective); (got == "") != (c.fault == "") || !strings.Contains(got, c.fault) {
			t.Errorf("%s: fault %q, want %q", c.what, got, c.fault)
		}
	}
	if p := PacingOf(nil, nil); p.LagP99 != 0 || !math.IsNaN(p.Offered) || p.Fault(0) != "" {
		t.Errorf("of nothing: %+v, %q", p, p.Fault(0))
	}
}

func at(yes bool, d time.Duration) time.Duration {
	if yes {
		return d
	}
	return 0
}
