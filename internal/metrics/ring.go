package metrics

import (
	"math"
	"slices"
	"sort"
	"time"

	"github.com/crossrank/crossrank/internal/state"
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

// summarize sorts latencies in place and summarizes them.
func summarize(ds []time.Duration) Latency {
	n := len(ds)
	if n == 0 {
		return Latency{}
	}
	slices.Sort(ds)
	var sum float64
	for _, d := range ds {
		sum += float64(d)
	}
	return Latency{
		Count: n, Mean: time.Duration(math.Round(sum / float64(n))), Min: ds[0], Max: ds[n-1],
		P50: percentile(ds, 0.50), P90: percentile(ds, 0.90), P95: percentile(ds, 0.95), P99: percentile(ds, 0.99),
	}
}

// percentile interpolates linearly between the closest ranks of sorted values, of which there is at least one, as
// NumPy does by default: with h = (n−1)·q it is x[⌊h⌋] + (h−⌊h⌋)·(x[⌊h⌋+1] − x[⌊h⌋]).
func percentile(sorted []time.Duration, q float64) time.Duration {
	h := float64(len(sorted)-1) * q
	low := int(h)
	if low+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	return sorted[low] + time.Duration(math.Round((h-float64(low))*float64(sorted[low+1]-sorted[low])))
}
