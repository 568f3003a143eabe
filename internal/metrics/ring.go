package metrics

import (
	"math"
	"slices"
	"sort"
	"time"

	"github.com/crossrank/crossrank/internal/state"
	"github.com/crossrank/crossrank/internal/stats"
)

// ring keeps the last max samples. It grows as it fills.
type ring struct {
	max     int
	samples []state.Sample
	oldest  int // index of the oldest sample, once the ring is full
}

func (r *ring) add(s state.Sample) {
	if len(r.samples) < r.max {
		r.samples = append(r.samples, s)
		return
	}
	r.samples[r.oldest] = s
	r.oldest = (r.oldest + 1) % r.max
}

// at gives the i-th sample, the oldest first.
func (r *ring) at(i int) *state.Sample { return &r.samples[(r.oldest+i)%len(r.samples)] }

// first is the place of the first sample taken after a time.
func (r *ring) first(since time.Time) int {
	return sort.Search(len(r.samples), func(i int) bool { return r.at(i).Time.After(since) })
}

// after copies the samples taken after a time, the oldest first.
func (r *ring) after(since time.Time) []state.Sample {
	n := len(r.samples)
	out := make([]state.Sample, 0, n-r.first(since))
	for i := r.first(since); i < n; i++ {
		out = append(out, *r.at(i))
	}
	return out
}

// latencies keeps those of the last max requests, in no order.
type latencies struct {
	max    int
	values []time.Duration
	next   int // where the next one is written, once it is full
}

func (l *latencies) add(d time.Duration) {
	if len(l.values) < l.max {
		l.values = append(l.values, d)
		return
	}
	l.values[l.next] = d
	l.next = (l.next + 1) % l.max
}

// clone copies the latencies.
func (l *latencies) clone() []time.Duration { return slices.Clone(l.values) }

// summarize sums up latencies.
func summarize(ds []time.Duration) Latency {
	xs := make([]float64, len(ds))
	for i, d := range ds {
		xs[i] = float64(d)
	}
	s := stats.Summarize(xs)
	if s.N == 0 {
		return Latency{}
	}
	d := func(x float64) time.Duration { return time.Duration(math.Round(x)) }
	return Latency{
		Count: s.N, Mean: d(s.Mean), Min: d(s.Min), Max: d(s.Max), StdDev: d(s.StdDev),
		P50: d(s.P50), P90: d(s.P90), P95: d(s.P95), P99: d(s.P99),
	}
}
