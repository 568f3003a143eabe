package summary

import (
	"math"

	"github.com/crossrank/crossrank/internal/stats"
)

// Distribution sums up one figure of many requests.
type Distribution struct {
	N       int   `json:"n"`
	Average Value `json:"average"`
	Min     Value `json:"min"`
	Max     Value `json:"max"`
	StdDev  Value `json:"std_dev"`
	P50     Value `json:"p50"`
	P90     Value `json:"p90"`
	P95     Value `json:"p95"`
	P99     Value `json:"p99"`
}

func distributionOf(xs []float64) Distribution {
	s := stats.Summarize(xs)
	return Distribution{
		N: s.N, Average: Value(s.Mean), Min: Value(s.Min), Max: Value(s.Max), StdDev: Value(s.StdDev),
		P50: Value(s.P50), P90: Value(s.P90), P95: Value(s.P95), P99: Value(s.P99),
	}
}

// Carried is v, the percentile p of d, if d has requests enough to carry it.
func (d Distribution) Carried(p float64, v Value) Value {
	if d.N < stats.Needed(p, 0) {
		return Unmeasured
	}
	return v
}

// Bucket is the throughput of the requests whose latency, in ms, is at least From and below To.
type Bucket struct {
	From    Value `json:"from_ms"` // not a number: no lower end
	To      Value `json:"to_ms"`   // not a number: no upper end
	Average Value `json:"average"`
	Min     Value `json:"min"`
	Max     Value `json:"max"`
	Count   int   `json:"count"`
}

// bucketsOf divides the requests at the percentiles 50, 75 and 90 of their latency.
func bucketsOf(latency, throughput []float64) []Bucket {
	sorted := stats.Sort(latency)
	edges := []float64{math.Inf(-1), sorted.Percentile(50), sorted.Percentile(75), sorted.Percentile(90), math.Inf(1)}
	var buckets []Bucket
	for i := range len(edges) - 1 {
		var inside []float64
		for j, l := range latency {
			if l >= edges[i] && l < edges[i+1] {
				inside = append(inside, throughput[j])
			}
		}
		d := distributionOf(inside)
		buckets = append(buckets, Bucket{
			From: Value(edges[i]), To: Value(edges[i+1]),
			Average: d.Average, Min: d.Min, Max: d.Max, Count: len(inside),
		})
	}
	return buckets
}
