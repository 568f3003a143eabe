package experiment

import (
	"testing"
	"time"
)

// At 100 pairs per second, by hand.
func TestEstimate(t *testing.T) {
	for _, test := range []struct {
		name, experiment string
		want             time.Duration
	}{
		{"requests of a closed loop", "{batch_sizes: [10], benchmark_requests: 50, warmup: 10}", startup + 6*time.Second},
		{"a duration", "{batch_sizes: [10], duration: 20s, warmup: 10}", startup + 21*time.Second},
		{"an open loop below the capacity", "{batch_sizes: [10], benchmark_requests: 50, warmup: 0, arrival: {process: constant, rate: 5}}",
			startup + 10*time.Second},
		{"an open loop above the capacity", "{batch_sizes: [10], benchmark_requests: 50, warmup: 0, arrival: {process: constant, rate: 50}}",
			startup + 5*time.Second},
		{"two searches' objectives", "{batch_sizes: [10], benchmark_requests: 100, warmup: 0, arrival: {process: poisson}, objective: {percentile: 50, latency_ms: [50, 100]}}",
			startup + 2*(leastConfirm+searchTests*10*time.Second)},
		{"repeats, each with a server", "{batch_sizes: [10], benchmark_requests: 50, warmup: 0, repeats: 3}", 3 * (startup + 5*time.Second)},
	} {
		sweep := settings(t, "name: n\nexperiment: "+test.experiment+"\n")
		if got := Estimate(sweep, 100); (got - test.want).Abs() > time.Millisecond {
			t.Errorf("%s: got %v, want %v", test.name, got, test.want)
		}
	}
}
