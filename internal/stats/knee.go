package stats

import "math"

// Power is that of a system that completes throughput requests a second, each in latency: their
// ratio (Giessler, Haenle, König and Pade, "Free buffer allocation: an investigation by
// simulation", 1978). It is NaN unless both are above 0.
func Power(throughput, latency float64) float64 {
	if !(throughput > 0 && latency > 0) || math.IsInf(throughput, 0) || math.IsInf(latency, 0) {
		return math.NaN()
	}
	return throughput / latency
}

// Knee gives the place in a sweep of the load, from light to heavy, where its throughput is best
// worth its latency: that of the highest [Power], the first of several (Kleinrock, "Power and
// deterministic rules of thumb for probabilistic problems in computer communications", 1979).
// Beyond it, each request waits longer by a larger part than there are more of them: the system
// saturates. Where arrivals and service are random, M/M/1, that is at half the capacity, with one
// request in the system in the mean.
//
// It is -1 where there are fewer than three places that have both figures, since the best of two is
// no knee.
func Knee(throughput, latency []float64) int {
	if len(throughput) != len(latency) {
		panic("stats: knee of lists of different lengths")
	}
	best, highest, n := -1, 0.0, 0
	for i := range throughput {
		p := Power(throughput[i], latency[i])
		if math.IsNaN(p) {
			continue
		}
		n++
		if p > highest {
			best, highest = i, p
		}
	}
	if n < 3 {
		return -1
	}
	return best
}
