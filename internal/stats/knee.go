package stats

import "math"

// Power is that of a system that completes throughput requests per second, each in latency: their
// ratio (Giessler, Haenle, König and Pade, "Free buffer allocation: an investigation by
// simulation", 1978). It is NaN unless both are above 0.
func Power(throughput, latency float64) float64 {
	if !(throughput > 0 && latency > 0) || math.IsInf(throughput, 0) || math.IsInf(latency, 0) {
		return math.NaN()
	}
	return throughput / latency
}

// Knee gives the index in a sweep of the load, from light to heavy, with the highest [Power], the
// first of equal ones (Kleinrock, "Power and deterministic rules of thumb for probabilistic
// problems in computer communications", 1979). Beyond it, latency grows by a larger factor than
// throughput: the system saturates. In an M/M/1 queue the knee is at half the capacity, where one
// request is in the system on average.
//
// It is -1 if fewer than three configurations have both figures, since the better of two is no
// knee.
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
