package experiment

import (
	"context"
	"fmt"
	"slices"
	"time"
)

const (
	firstShare  = 0.1             // of the capacity: the first rate of a search
	resolution  = 0.03            // relative distance of the passing and the failing rate that a search ends at
	maxDoubled  = 12              // doublings; a rate that still passes then has no limit
	maxHalved   = 3               // halvings when the first probe fails
	maxConfirms = 10              // probes that try to confirm a rate
	longest     = 5 * time.Minute // of a probe below the first rate: lower rates are of no practical use
)

// goal is a bound of the latency, with what a search knows of the highest rate that keeps it. Rates
// are requests per second, 0 if there is none.
type goal struct {
	ms         float64
	passing    float64 // the highest that passed
	failing    float64 // the lowest that failed
	notOffered float64 // the lowest that the generator could not offer
	done       bool    // without a rate
	note       string
}

// upper is the lowest rate that is not known to pass.
func (g *goal) upper() float64 {
	if g.failing == 0 || g.notOffered > 0 && g.notOffered < g.failing {
		return g.notOffered
	}
	return g.failing
}

func (g *goal) giveUp(format string, args ...any) {
	g.done, g.note = true, fmt.Sprintf(format, args...)
}

// record notes the verdict at a rate; pass is where a rate that passed goes.
func (g *goal) record(rate float64, v verdict, pass *float64) {
	switch v {
	case passed:
		*pass = rate
	case notOffered:
		g.notOffered = rate
	default:
		g.failing = rate
	}
}

// rateSearch looks for the highest rate that meets each of its goals. One probe serves all goals
// that it can decide on.
type rateSearch struct {
	goals []*goal
	needs int // requests that a whole test takes at least

	// probe returns its verdict of each goal at a rate. One that confirms makes the whole test, on
	// its own schedule.
	probe func(ctx context.Context, rate float64, goals []*goal, confirm bool) ([]verdict, error)
}

// run searches: from a tenth of the capacity the rate doubles until a probe fails; the interval
// between the last rate that passed and the first that failed is bisected until they are within 3 %
// of each other; and the passing rate is probed once more. A rate that passed only the first time
// counts as failing, and a lower one is tried.
func (s *rateSearch) run(ctx context.Context, capacity float64) error {
	for _, phase := range []func(context.Context, float64) error{s.double, s.halve, s.bisect, s.confirm} {
		if err := phase(ctx, capacity*firstShare); err != nil {
			return err
		}
	}
	return nil
}

// openGoals returns the goals that still search and for which holds is true.
func (s *rateSearch) openGoals(holds func(*goal) bool) []*goal {
	return slices.DeleteFunc(slices.Clone(s.goals), func(g *goal) bool { return g.done || !holds(g) })
}

// try probes a rate for goals that are not known to pass or to fail there.
func (s *rateSearch) try(ctx context.Context, rate float64, goals []*goal) error {
	verdicts, err := s.probe(ctx, rate, goals, false)
	if err != nil {
		return err
	}
	for i, g := range goals {
		g.record(rate, verdicts[i], &g.passing)
	}
	return nil
}

func (s *rateSearch) double(ctx context.Context, rate float64) error {
	unlimited := func(g *goal) bool { return g.upper() == 0 }
	for range maxDoubled {
		goals := s.openGoals(unlimited)
		if len(goals) == 0 {
			return nil
		}
		if err := s.try(ctx, rate, goals); err != nil {
			return err
		}
		rate *= 2
	}
	for _, g := range s.openGoals(unlimited) {
		g.giveUp("no rate up to %.4g/s failed", g.passing)
	}
	return nil
}

func (s *rateSearch) halve(ctx context.Context, rate float64) error {
	unmet := func(g *goal) bool { return g.passing == 0 }
	for range maxHalved {
		goals := s.openGoals(unmet)
		if len(goals) == 0 || float64(s.needs)/(rate/2) > longest.Seconds() {
			break
		}
		rate /= 2
		if err := s.try(ctx, rate, goals); err != nil {
			return err
		}
	}
	for _, g := range s.openGoals(unmet) {
		g.giveUp("no rate from %.4g/s on passed", rate)
	}
	return nil
}

func (s *rateSearch) bisect(ctx context.Context, _ float64) error {
	for {
		wide := s.openGoals(func(g *goal) bool { return g.upper()-g.passing > resolution*g.passing })
		if len(wide) == 0 {
			return nil
		}
		middle := (wide[0].passing + wide[0].upper()) / 2
		around := s.openGoals(func(g *goal) bool { return g.passing < middle && middle < g.upper() })
		if err := s.try(ctx, middle, around); err != nil {
			return err
		}
	}
}

func (s *rateSearch) confirm(ctx context.Context, _ float64) error {
	for _, g := range s.openGoals(func(*goal) bool { return true }) {
		if err := s.confirmOne(ctx, g); err != nil {
			return err
		}
		if g.passing > 0 && g.notOffered > 0 && (g.failing == 0 || g.notOffered < g.failing) {
			g.note = fmt.Sprintf("rates from %.4g/s on were not tested: the generator did not keep their schedules", g.notOffered)
		}
	}
	return nil
}

// confirmOne makes the whole test at the passing rate. If that fails, it goes down from there, by a
// step that doubles, to a rate at which the whole test passes, and bisects what lies between.
func (s *rateSearch) confirmOne(ctx context.Context, g *goal) error {
	rate, step, confirmed := g.passing, resolution, 0.0
	for range maxConfirms {
		verdicts, err := s.probe(ctx, rate, []*goal{g}, true)
		if err != nil {
			return err
		}
		g.record(rate, verdicts[0], &confirmed)
		switch {
		case confirmed == 0:
			rate /= 1 + step
			step *= 2
		case g.upper()-confirmed > resolution*confirmed*1.001:
			rate = (confirmed + g.upper()) / 2
		default:
			g.passing = confirmed
			return nil
		}
	}
	if g.passing = confirmed; confirmed == 0 {
		g.giveUp("no rate that passed could be confirmed")
	} else {
		g.note = fmt.Sprintf("the search ended after %d probes to confirm it, before it was within %g %%", maxConfirms, 100*resolution)
	}
	return nil
}
