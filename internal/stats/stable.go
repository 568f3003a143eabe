package stats

import "math"

// Windows is how many windows in a row have to agree for a measurement to be called stable, and
// Within by how much, as a part of their mean. Triton's performance analyzer, whose idea this is,
// has the same defaults.
const (
	Windows = 3
	Within  = 0.10
)

// Stable reports whether the last [Windows] of a series agree: each lies within ±[Within] of their
// mean. Fewer never do, and neither do those of which one was not measured.
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
