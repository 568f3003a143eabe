package stats

import "math"

// A measurement is stable when its last [Windows] time windows are within ±[Within] of their mean,
// a part of it. Triton's performance analyzer, whose idea this is, has the same defaults.
const (
	Windows = 3
	Within  = 0.10
)

// Stable reports whether the last [Windows] of a series agree: each is within ±[Within] of their
// mean. A shorter series is not stable, nor is one with a NaN among them.
func Stable(series []float64) bool {
	if len(series) < Windows {
		return false
	}
	last := series[len(series)-Windows:]
	mean := Mean(last)
	for _, x := range last {
		if !(math.Abs(x-mean) <= Within*math.Abs(mean)) {
			return false
		}
	}
	return true
}
