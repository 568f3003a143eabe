package load

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func gaps(schedule []time.Duration) []float64 {
	var g []float64
	for i := 1; i < len(schedule); i++ {
		g = append(g, (schedule[i] - schedule[i-1]).Seconds())
	}
	return g
}

// moments gives the mean and the variance.
func moments(xs []float64) (mean, variance float64) {
	for _, x := range xs {
		mean += x / float64(len(xs))
	}
	for _, x := range xs {
		variance += (x - mean) * (x - mean) / float64(len(xs))
	}
	return mean, variance
}

// The gaps of a process have the mean 1/rate and, squared, vary by 1/k of its square: 0 for
// constant, 1 for Poisson.
func TestSchedulesHaveTheirRateAndSpread(t *testing.T) {
	for _, c := range []struct {
		a      Arrivals
		spread float64
	}{
		{Arrivals{Process: "constant", Rate: 50}, 0},
		{Arrivals{Process: "poisson", Rate: 50, Seed: 1}, 1},
		{Arrivals{Process: "gamma", Rate: 50, Shape: 0.25, Seed: 2}, 4},
		{Arrivals{Process: "gamma", Rate: 50, Shape: 1, Seed: 3}, 1},
		{Arrivals{Process: "gamma", Rate: 50, Shape: 4, Seed: 4}, 0.25},
	} {
		s, err := c.a.Schedule(100_000, 0)
		if err != nil || !slices.IsSorted(s) {
			t.Fatalf("%+v: %v, in order: %t", c.a, err, slices.IsSorted(s))
		}
		mean, variance := moments(gaps(s))
		if math.Abs(mean*50-1) > 0.03 {
			t.Errorf("%+v: gaps are %g s in the mean, want 0.02", c.a, mean)
		}
		if got := variance / (mean * mean); math.Abs(got-c.spread) > 0.06*max(1, c.spread) {
			t.Errorf("%+v: gaps vary by %g of their mean squared, want %g", c.a, got, c.spread)
		}
	}
}

func TestSchedulesRepeat(t *testing.T) {
	make := func(seed uint64, n int) []time.Duration {
		s, err := Arrivals{Process: "gamma", Rate: 10, Shape: 0.5, Seed: seed}.Schedule(n, 0)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	if !slices.Equal(make(1, 100), make(1, 200)[:100]) {
		t.Error("one seed gave two schedules")
	}
	if slices.Equal(make(1, 100), make(2, 100)) {
		t.Error("two seeds gave one schedule")
	}
}

func TestScheduleEnds(t *testing.T) {
	second := time.Second
	trace := []time.Duration{5 * second, 6 * second, 8 * second}
	for _, c := range []struct {
		what string
		a    Arrivals
		n    int
		d    time.Duration
		want []time.Duration
	}{
		{"by number", Arrivals{Process: "constant", Rate: 2}, 3, 0, []time.Duration{0, second / 2, second}},
		{"by time, which is not reached", Arrivals{Process: "constant", Rate: 2}, 0, second, []time.Duration{0, second / 2}},
		{"by the lesser of both", Arrivals{Process: "constant", Rate: 2}, 2, time.Hour, []time.Duration{0, second / 2}},
		{"a trace, which begins again after a mean gap", Arrivals{Process: "replay", Trace: trace}, 5, 0,
			[]time.Duration{0, second, 3 * second, 4500 * time.Millisecond, 5500 * time.Millisecond}},
		{"a trace at another rate", Arrivals{Process: "replay", Trace: trace, Rate: 4. / 3}, 3, 0,
			[]time.Duration{0, second / 2, 3 * second / 2}},
	} {
		if got, err := c.a.Schedule(c.n, c.d); err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v and %v, want %v", c.what, got, err, c.want)
		}
	}
	for _, c := range []struct {
		want string
		a    Arrivals
		n    int
	}{
		{"needs a number of requests", Arrivals{Process: "constant", Rate: 1}, 0},
		{"need a rate", Arrivals{Process: "poisson"}, 1},
		{"need a shape", Arrivals{Process: "gamma", Rate: 1}, 1},
		{"not \"weekly\"", Arrivals{Process: "weekly", Rate: 1}, 1},
		{"a trace of 1 requests", Arrivals{Process: "replay", Trace: trace[:1]}, 1},
		{"all sent at once", Arrivals{Process: "replay", Trace: []time.Duration{1, 1}}, 1},
		{"after centuries", Arrivals{Process: "constant", Rate: 1e-300}, 2},
	} {
		if _, err := c.a.Schedule(c.n, 0); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: got %v, want %q", c.a, err, c.want)
		}
	}
}

func TestReadTrace(t *testing.T) {
	file := filepath.Join(t.TempDir(), "trace")
	for _, c := range []struct{ text, want string }{
		{"# seconds\n1.5\n\n1.5\n2e0\n", ""},
		{"1\nx\n", `trace:2: "x" is not a time`},
		{"2\n1\n", "trace:2: 1s is before the time of the line above"},
		{"NaN\n", "trace:1"},
	} {
		if err := os.WriteFile(file, []byte(c.text), 0o666); err != nil {
			t.Fatal(err)
		}
		trace, err := ReadTrace(file)
		if c.want == "" {
			if err != nil || len(trace) != 3 || trace[0] != 1500*time.Millisecond || trace[2] != 2*time.Second {
				t.Errorf("%q: got %v and %v", c.text, trace, err)
			}
		} else if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: got %v, want %q", c.text, err, c.want)
		}
	}
}
