package metrics

import (
	"math"
	"time"

	"github.com/crossrank/crossrank/internal/stats"
)

// A histogram's buckets are those of a Prometheus native histogram of schema 3: with g = 2^(1/8),
// about 1.09, bucket k holds the durations over g^(k−1) and up to g^k seconds. They are fixed, from
// 1 µs to 17 minutes, so that counting needs no memory and no decision; what is shorter counts in
// zero, what is longer in the last bucket.
const (
	perOctave   = 8
	lowestExp   = -20 // durations of up to 2^-20 s, or 0.95 µs, count as zero
	highestExp  = 10
	buckets     = (highestExp - lowestExp) * perOctave
	lowestKey   = lowestExp*perOctave + 1
	zeroCeiling = 1.0 / (1 << -lowestExp)
)

// classic are the upper bounds, in seconds, of the buckets for a Prometheus without native
// histograms.
var classic = [...]float64{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30}

// fractions are the bounds of the buckets within an octave, as math.Frexp gives fractions: g^i/2.
var fractions = func() (f [perOctave]float64) {
	for i := range f {
		f[i] = math.Exp2(float64(i)/perOctave) / 2
	}
	return f
}()

// histogram counts durations. The zero value is empty.
type histogram struct {
	count   int64
	sum     time.Duration
	zero    int64
	native  [buckets]int64
	classic [len(classic)]int64 // not cumulative; what exceeds the last bound is in count alone
}

func (h *histogram) add(d time.Duration) {
	d = max(d, 0)
	h.count++
	h.sum += d
	s := d.Seconds()
	for i, bound := range classic {
		if s <= bound {
			h.classic[i]++
			break
		}
	}
	if s <= zeroCeiling {
		h.zero++
		return
	}
	h.native[min(bucketKey(s)-lowestKey, buckets-1)]++
}

// bucketKey is the k of the bucket that holds a positive number of seconds.
func bucketKey(s float64) int {
	frac, exp := math.Frexp(s)
	i := 0
	for i < perOctave && fractions[i] < frac {
		i++
	}
	return (exp-1)*perOctave + i
}

func (h *histogram) sub(earlier *histogram) {
	h.count -= earlier.count
	h.sum -= earlier.sum
	h.zero -= earlier.zero
	subtract(h.native[:], earlier.native[:])
	subtract(h.classic[:], earlier.classic[:])
}

// meanMS is the mean in milliseconds; nil if nothing was counted.
func (h *histogram) meanMS() *float64 {
	if h.count == 0 {
		return nil
	}
	return new(stats.Milliseconds(h.sum) / float64(h.count))
}

// quantileMS estimates a quantile in milliseconds, linearly within its bucket: at most 9 % from the
// truth. It is nil if nothing was counted.
func (h *histogram) quantileMS(q float64) *float64 {
	if h.count == 0 {
		return nil
	}
	rank := q * float64(h.count)
	below := float64(h.zero)
	if rank <= below {
		return new(0.0)
	}
	for i, n := range h.native {
		if n == 0 || below+float64(n) < rank {
			below += float64(n)
			continue
		}
		low, high := bucketCeiling(i-1), bucketCeiling(i)
		return new(1000 * (low + (high-low)*(rank-below)/float64(n)))
	}
	return new(1000 * bucketCeiling(buckets-1))
}

// bucketCeiling is the upper bound of a bucket in seconds.
func bucketCeiling(i int) float64 { return math.Exp2(float64(i+lowestKey) / perOctave) }
