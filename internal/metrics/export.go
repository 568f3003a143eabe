package metrics

import (
	"math"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/crossrank/crossrank/internal/state"
)

// Note: client_golang's own histograms allocate for an observation in a native bucket. These are
// made from plain arrays, which cost nothing until they are scraped.

// exported is a histogram on its way to Prometheus.
type exported struct {
	desc      *prometheus.Desc
	labels    []*dto.LabelPair
	histogram *dto.Histogram
}

// Desc implements [prometheus.Metric].
func (e *exported) Desc() *prometheus.Desc { return e.desc }

// Write implements [prometheus.Metric].
func (e *exported) Write(m *dto.Metric) error {
	m.Label, m.Histogram = e.labels, e.histogram
	return nil
}

// newDurations exports a histogram of durations, in seconds. Labels are a name and a value, or
// nothing.
func newDurations(d *prometheus.Desc, h *histogram, labels ...string) prometheus.Metric {
	e := &exported{desc: d, histogram: &dto.Histogram{
		SampleCount:   new(uint64(h.count)),
		SampleSum:     new(h.sum.Seconds()),
		Schema:        new(int32(3)),
		ZeroThreshold: new(zeroCeiling),
		ZeroCount:     new(uint64(h.zero)),
	}}
	if len(labels) == 2 {
		e.labels = []*dto.LabelPair{{Name: &labels[0], Value: &labels[1]}}
	}
	cumulative := uint64(0)
	for i, bound := range classic {
		cumulative += uint64(h.classic[i])
		e.histogram.Bucket = append(e.histogram.Bucket, &dto.Bucket{UpperBound: &bound, CumulativeCount: new(cumulative)})
	}
	fillNative(e.histogram, h.native[:], lowestKey)
	return e
}

// newSizes exports classes of sizes, which are the buckets of a native histogram of schema 0:
// powers of two.
func newSizes(d *prometheus.Desc, sum float64, classes state.Sizes) prometheus.Metric {
	h := &dto.Histogram{SampleSum: &sum, Schema: new(int32(0)), ZeroThreshold: new(0.0), ZeroCount: new(uint64(0))}
	const most = 17 // 65,536: more than batches hold; larger ones are counted beyond
	cumulative := uint64(0)
	for k, n := range classes {
		cumulative += uint64(n)
		if k < most {
			h.Bucket = append(h.Bucket, &dto.Bucket{UpperBound: new(math.Exp2(float64(k))), CumulativeCount: new(cumulative)})
		}
	}
	h.SampleCount = &cumulative
	fillNative(h, classes[:], 0)
	return &exported{desc: d, histogram: h}
}

// fillNative writes buckets, the first of which has the given key, as spans of buckets without a
// gap and the difference of each to the one before.
func fillNative(h *dto.Histogram, counts []int64, first int) {
	next, before := 0, int64(0) // the key after the last span's, and the count of the last bucket
	for i, n := range counts {
		if n == 0 {
			continue
		}
		key := first + i
		if last := len(h.PositiveSpan) - 1; last >= 0 && key == next {
			*h.PositiveSpan[last].Length++
		} else {
			h.PositiveSpan = append(h.PositiveSpan, &dto.BucketSpan{Offset: new(int32(key - next)), Length: new(uint32(1))})
		}
		h.PositiveDelta = append(h.PositiveDelta, n-before)
		next, before = key+1, n
	}
	if len(h.PositiveSpan) == 0 { // by this a reader knows that an empty histogram is a native one
		h.PositiveSpan = []*dto.BucketSpan{{Offset: new(int32(0)), Length: new(uint32(0))}}
	}
}
