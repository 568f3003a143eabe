package chart

import (
	"fmt"
	"math"
)

// scale maps figures to places in the picture.
type scale struct {
	low, high float64 // of the figures, after the logarithm if there is one
	from, to  float64 // of the places
	log       bool
}

func (s scale) at(v float64) float64 {
	if s.log {
		v = math.Log10(v)
	}
	return s.from + (v-s.low)/(s.high-s.low)*(s.to-s.from)
}

// newScale fits figures; a scale that is not logarithmic begins at 0 if asked to.
func newScale(values []float64, log, zero bool, from, to float64) scale {
	s := scale{low: math.Inf(1), high: math.Inf(-1), from: from, to: to, log: log}
	for _, v := range values {
		if log {
			if v <= 0 {
				continue
			}
			v = math.Log10(v)
		}
		if !math.IsNaN(v) && !math.IsInf(v, 0) {
			s.low, s.high = min(s.low, v), max(s.high, v)
		}
	}
	if zero && !log {
		s.low = min(0, s.low)
	}
	if math.IsInf(s.high, -1) {
		s.low, s.high = 0, 1
	}
	if s.high <= s.low {
		s.high = s.low + 1
	}
	return s
}

// ticks gives marks at round numbers.
func (s scale) ticks() []Tick {
	var all []Tick
	if !s.log {
		for _, v := range round(s.low, s.high) {
			all = append(all, Tick{v, figure(v)})
		}
		return all
	}
	steps := []float64{1, 2, 5}
	switch {
	case s.high-s.low > 3:
		steps = steps[:1]
	case s.high-s.low < 0.7:
		steps = []float64{1, 2, 3, 4, 5, 6, 7, 8, 9}
	}
	for e := math.Floor(s.low); e <= math.Ceil(s.high); e++ {
		for _, m := range steps {
			v := m * math.Pow(10, e)
			if l := math.Log10(v); l >= s.low-1e-9 && l <= s.high+1e-9 {
				all = append(all, Tick{v, figure(v)})
			}
		}
	}
	return all
}

// round gives four to nine round numbers from low to high.
func round(low, high float64) []float64 {
	step := math.Pow(10, math.Floor(math.Log10((high-low)/4)))
	for _, m := range []float64{5, 2} {
		if (high-low)/(step*m) >= 4 {
			step *= m
			break
		}
	}
	var at []float64
	for i := math.Ceil(low/step - 1e-9); i*step <= high*(1+1e-12) && len(at) < 20; i++ {
		at = append(at, i*step)
	}
	return at
}

// figure writes a number short, with its thousands apart.
func figure(v float64) string {
	if v == 0 {
		return "0" // and not -0
	}
	if a := math.Abs(v); a >= 1000 {
		s := fmt.Sprintf("%.0f", v)
		for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
			s = s[:i] + "," + s[i:]
		}
		return s
	}
	return fmt.Sprintf("%.4g", v)
}
