package load

import (
	"math"
	"time"
)

// shift is when a worker of a closed loop sends requests, counted from the beginning of the part.
// An until of 0 means to the end.
type shift struct{ from, until time.Duration }

// shiftOf returns the shift of worker i. In a ramp from a workers to b over a time, each of the
// |b-a|+1 numbers of workers lasts for the same part of it.
func (p *part) shiftOf(i int) shift {
	a, b := p.cfg.Concurrency, p.cfg.RampTo
	if b == 0 || i < min(a, b) {
		return shift{}
	}
	step := p.limit / time.Duration(max(a, b)-min(a, b)+1)
	if b > a {
		return shift{from: time.Duration(i-a+1) * step}
	}
	return shift{until: time.Duration(a-i) * step}
}

// ramped returns times, which are those of arrivals at the rate a.Rate, with the rate moving evenly
// from there to a.RampTo over the time d.
//
// At the constant rate A, A·t requests are due by the time t. At the rate A+s·t, where s is
// (B-A)/d, A·u+s·u²/2 are due by the time u. So what was due at t is due at the u for which both
// are equal:
//
//	u = 2·A·t / (A + √(A² + 2·s·A·t))
//
// A rate that falls comes to 0 if it goes on; what would be due afterwards never is.
func (a Arrivals) ramped(times func(int) float64, d time.Duration) func(int) float64 {
	slope := (a.RampTo - a.Rate) / d.Seconds()
	return func(i int) float64 {
		due := a.Rate * times(i)
		root := a.Rate*a.Rate + 2*slope*due
		if root < 0 {
			return math.Inf(1)
		}
		return 2 * due / (a.Rate + math.Sqrt(root))
	}
}
