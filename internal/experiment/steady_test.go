package experiment

import (
	"math"
	"testing"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/config"
	"github.com/crossrank/crossrank/internal/definition"
	"github.com/crossrank/crossrank/internal/load"
	"github.com/crossrank/crossrank/internal/results"
)

const second = time.Second

// feed gives a steadyState requests, one after another, that take as long as is said for the moment
// that they begin at, until it has enough or the time is over.
func feed(s *steadyState, until time.Duration, takes func(at time.Duration) time.Duration) (ended time.Duration) {
	for at := time.Duration(0); at < until; {
		r := results.Request{Intended: at, Started: at, Finished: at + takes(at), Pairs: 1, Code: crossrank.OK}
		if s.record(r) == load.ErrEnough {
			return r.Finished
		}
		at = r.Finished
	}
	return until
}

func TestConfigurationEndsInSteadyState(t *testing.T) {
	steady := func(time.Duration) time.Duration { return 50 * time.Millisecond }
	for _, c := range []struct {
		what          string
		takes         func(at time.Duration) time.Duration
		from, to      time.Duration
		stable        bool
		ended, atMost bool
	}{
		{"steady", steady, 6 * second, 6*second + 50*time.Millisecond, true, true, true},
		{"slow for 5 s at first", func(at time.Duration) time.Duration {
			if at < 5*second {
				return 100 * time.Millisecond
			}
			return 50 * time.Millisecond
		}, 12 * second, 13 * second, true, true, true},
		{"slower all the time", func(at time.Duration) time.Duration {
			return time.Duration(50e6 * math.Exp(at.Seconds()/10))
		}, 30 * second, 30 * second, false, false, true},
		{"steady, and not asked to go on", steady, 30 * second, 30 * second, true, false, false},
	} {
		e := definition.Experiment{Duration: config.Duration(6 * second), Stability: definition.Stability{Window: config.Duration(2 * second)}}
		if c.atMost {
			e.Stability.AtMost = config.Duration(30 * second)
		}
		s := newSteadyState(e)
		ended := feed(s, 30*second, c.takes)
		got := s.stability(ended)
		if ended < c.from || ended > c.to || got.Stable != c.stable || (ended < 30*second) != c.ended {
			t.Errorf("%s: ended at %v, stable %t, windows %v and %v; want from %v to %v, stable %t", c.what, ended, got.Stable,
				got.Throughput, got.Latency, c.from, c.to, c.stable)
		}
		if want := int(ended / (2 * second)); len(got.Throughput) != want || len(got.Latency) != want {
			t.Errorf("%s: %d and %d windows, want the %d that are whole", c.what, len(got.Throughput), len(got.Latency), want)
		}
	}
	if newSteadyState(definition.Experiment{}) != nil {
		t.Error("windows were made though none were wanted")
	}
}

// A server stalls, and answers nothing in a window.
func TestAStallIsNotStable(t *testing.T) {
	s := newSteadyState(definition.Experiment{Stability: definition.Stability{Window: config.Duration(second)}})
	feed(s, 5*second, func(at time.Duration) time.Duration {
		if at >= second && at < 2*second {
			return 2 * second
		}
		return 100 * time.Millisecond
	})
	if got := s.stability(4 * second); got.Stable || got.Throughput[2] != 0 || got.Latency[2] != 0 {
		t.Errorf("got %+v", got)
	}
}

// Through a server: a point continues until it is steady, and its end says so.
func TestStabilityIsRecorded(t *testing.T) {
	out, res, err := run(t, t.Context(), "serve", `
name: settled
model: m
experiment: {batch_sizes: [1], duration: 600ms, warmup: 0, stability: {window: 300ms, at_most: 5s}}
`, nil)
	if err != nil || out.Partial {
		t.Fatalf("got %+v and %v", out, err)
	}
	end := res.Configurations[0].End
	if s := end.Stability; s == nil || s.Window != 300*time.Millisecond || !s.Stable && end.Elapsed < 5*second || end.Elapsed < 900*time.Millisecond {
		t.Errorf("ended after %v with %+v, want three windows at least, and stable if it ended before 5 s", end.Elapsed, s)
	}
}
