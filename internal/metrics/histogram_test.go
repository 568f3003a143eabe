package metrics

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/crossrank/crossrank/internal/stats"
)

// TestBucketKey holds the definition of native buckets: key k has 2^((k-1)/8) < s ≤ 2^(k/8).
func TestBucketKey(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		s := math.Exp2(rng.Float64()*30 - 20)
		k := bucketKey(s)
		if low, high := math.Exp2(float64(k-1)/8), math.Exp2(float64(k)/8); s <= low*(1-1e-12) || s > high*(1+1e-12) {
			t.Fatalf("%v s: got bucket %d, from %v to %v", s, k, low, high)
		}
	}
	for exp := -20; exp < 10; exp++ { // powers of two are exact upper bounds
		if got := bucketKey(math.Exp2(float64(exp))); got != 8*exp {
			t.Errorf("2^%d s: got bucket %d, want %d", exp, got, 8*exp)
		}
	}
}

func TestHistogramQuantiles(t *testing.T) {
	var h histogram
	if h.meanMS() != nil || h.quantileMS(0.5) != nil {
		t.Error("an empty histogram has a mean or a quantile")
	}
	rng := rand.New(rand.NewPCG(3, 4))
	var all []float64
	for range 5000 {
		d := time.Duration(math.Exp(rng.NormFloat64()) * float64(20*time.Millisecond))
		all = append(all, stats.Milliseconds(d))
		h.add(d)
	}
	sorted := stats.Sort(all)
	for _, q := range []float64{0.01, 0.5, 0.9, 0.95, 0.99, 1} {
		got, want := *h.quantileMS(q), sorted.Percentile(100*q)
		if math.Abs(got-want) > 0.09*want {
			t.Errorf("quantile %v: got %v ms, want %v ms within 9 %%", q, got, want)
		}
	}
}

func TestHistogramExtremes(t *testing.T) {
	var h histogram
	for _, d := range []time.Duration{-time.Second, 0, time.Nanosecond, time.Microsecond, 1000 * time.Second, 3 * time.Hour, math.MaxInt64 / 2} {
		h.add(d)
	}
	sum := h.zero
	for _, n := range h.native {
		sum += n
	}
	if sum != 7 || h.count != 7 || h.zero != 3 || h.native[buckets-1] != 3 {
		t.Errorf("got %d of %d durations, %d in zero and %d in the last bucket; want 7 of 7, 3 and 3", sum, h.count, h.zero, h.native[buckets-1])
	}
}

func TestHistogramDifference(t *testing.T) {
	var before, after histogram
	before.add(time.Second)
	after = before
	after.add(10 * time.Millisecond)
	after.add(0)
	after.sub(&before)
	if got := *after.meanMS(); after.count != 2 || got != 5 {
		t.Errorf("got %d durations with a mean of %v ms, want 2 and 5", after.count, got)
	}
}
