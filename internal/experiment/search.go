package experiment

import (
	"context"
	"fmt"
)

const (
	firstShare = 0.1  // of the capacity, where a search begins
	resolution = 0.03 // of the rate, to which it finds the border
	maxSteps   = 12   // doublings, and rates that are tried to be confirmed
	maxHalved  = 3    // halvings when the first probe fails; what an eightieth of the capacity does not keep, no load does
)

// goodputAt are the multiples of the rate that was found at which the goodput is measured too.
var goodputAt = []float64{1, 1.5, 2, 5}

// searched is what a search found. Rates are requests a second, 0 for none.
type searched struct {
	passing, failing float64
	note             string
}

// search looks for the highest rate that probe passes: from a tenth of the capacity it doubles until a probe fails,
// halves what lies between until the two are within 3 % of each other, and probes the passing rate once more. A rate
// that passed only the first time is taken for a failing one, and the next lower is looked for.
func search(ctx context.Context, capacity float64, probe func(ctx context.Context, rate float64, confirm bool) (bool, error)) (searched, error) {
	var s searched
	rate := capacity * firstShare
	for step := 0; s.passing == 0 || s.failing == 0; step++ {
		if s.passing == 0 && step > maxHalved || step > maxSteps {
			s.note = fmt.Sprintf("no border was found between %.4g/s and %.4g/s", min(rate, capacity*firstShare), max(rate, capacity*firstShare))
			return s, nil
		}
		ok, err := probe(ctx, rate, false)
		if err != nil {
			return s, err
		}
		if ok {
			s.passing, rate = rate, rate*2
		} else {
			s.failing, rate = rate, rate/2
		}
	}
	for range maxSteps {
		if err := s.bisect(ctx, probe); err != nil {
			return s, err
		}
		ok, err := probe(ctx, s.passing, true)
		if err != nil || ok {
			return s, err
		}
		s.failing, s.passing = s.passing, s.passing*(1-resolution)
	}
	s.passing, s.note = 0, "no rate that passed could be confirmed"
	return s, nil
}

func (s *searched) bisect(ctx context.Context, probe func(context.Context, float64, bool) (bool, error)) error {
	for s.failing-s.passing > resolution*s.passing {
		middle := (s.passing + s.failing) / 2
		ok, err := probe(ctx, middle, false)
		if err != nil {
			return err
		}
		if ok {
			s.passing = middle
		} else {
			s.failing = middle
		}
	}
	return nil
}
