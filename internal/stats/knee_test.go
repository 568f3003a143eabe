package stats

import (
	"math"
	"testing"
)

// Kleinrock's worked examples: a queue with random service (M/M/1) has its highest power at a
// utilisation of 1/2, where it holds one request in the mean; one with constant service (M/D/1) at
// 2−√2.
func TestKneeOfQueues(t *testing.T) {
	const service = 0.02 // seconds
	for _, c := range []struct {
		what string
		mean func(u float64) float64 // time in the system at a utilisation
		want float64
	}{
		{"M/M/1", func(u float64) float64 { return service / (1 - u) }, 0.5},
		{"M/D/1", func(u float64) float64 { return service * (1 + u/(2*(1-u))) }, 2 - math.Sqrt2},
	} {
		var rates, latencies []float64
		for u := 0.01; u < 1; u += 0.01 {
			rates, latencies = append(rates, u/service), append(latencies, c.mean(u))
		}
		k := Knee(rates, latencies)
		if k < 0 || math.Abs(rates[k]*service-c.want) > 0.0051 {
			t.Errorf("%s: the knee is at place %d, want at a utilisation of %.3f", c.what, k, c.want)
		} else if held := rates[k] * latencies[k]; c.what == "M/M/1" && math.Abs(held-1) > 0.03 {
			t.Errorf("%s: at the knee it holds %.3f requests, want 1", c.what, held)
		}
	}
}

func TestKnee(t *testing.T) {
	for _, c := range []struct {
		what                string
		throughput, latency []float64
		want                int
	}{
		// Two workers at most are served at once: a third only waits.
		{"a closed loop", []float64{10, 20, 20, 20}, []float64{0.1, 0.1, 0.15, 0.2}, 1},
		{"saturated from the beginning", []float64{10, 10, 10}, []float64{0.1, 0.2, 0.3}, 0},
		{"not saturated", []float64{10, 20, 40}, []float64{0.1, 0.1, 0.1}, 2},
		{"two places", []float64{10, 20}, []float64{0.1, 0.1}, -1},
		{"three, of which one was not measured", []float64{10, nan, 20}, []float64{0.1, 0.1, 0.1}, -1},
		{"one of four was not measured", []float64{10, nan, 20, 21}, []float64{0.1, 0.1, 0.1, 0.3}, 2},
		{"none", nil, nil, -1},
	} {
		if got := Knee(c.throughput, c.latency); got != c.want {
			t.Errorf("%s: got %d, want %d", c.what, got, c.want)
		}
	}
}
