package experiment

import (
	"context"
	"fmt"
	"time"
)

const (
	firstShare  = 0.1             // of the capacity, where a search begins
	resolution  = 0.03            // of the rate, to which it finds the border
	maxDoubled  = 12              // doublings; what is passed then has no border
	maxHalved   = 3               // halvings when the first probe fails
	maxConfirms = 10              // rates that are tried to be confirmed
	longest     = 5 * time.Minute // of a probe below the first, at a rate so low that nobody would run a server for it
)

// goal is a bound of the latency, and what a search knows of the highest rate that keeps it. Rates are requests a second, 0
// for none.
type goal struct {
	ms      float64
	passing float64 // the highest that passed
	failing float64 // the lowest that failed
	blocked float64 // the lowest that could not be judged
	given   bool    // up
	note    string
}

// upper is the lowest rate that is not known to pass.
func (g *goal) upper() float64 {
	if g.failing == 0 || g.blocked > 0 && g.blocked < g.failing {
		return g.blocked
	}
	return g.failing
}

func (g *goal) giveUp(format string, args ...any) {
	g.given, g.note = true, fmt.Sprintf(format, args...)
}

// seeker looks for the highest rates that keep each of its goals. One probe serves all goals that it can say something of.
type seeker struct {
	goals []*goal
	needs int // requests that a whole test takes at least

	// probe gives its verdict of each goal at a rate. One that confirms makes the whole test, on a schedule of its own.
	probe func(ctx context.Context, rate float64, goals []*goal, confirm bool) ([]verdict, error)
}

// seek searches: from a tenth of the capacity the rate doubles until a probe fails; what lies between the last that
// passed and the first that failed is halved until the two are within 3 % of each other; and the passing rate is probed
// once more. A rate that passed only the first time is taken for a failing one, and the next lower is tried.
func (s *seeker) seek(ctx context.Context, capacity float64) error {
	for _, step := range []func(context.Context, float64) error{s.double, s.halve, s.bisect, s.confirm} {
		if err := step(ctx, capacity*firstShare); err != nil {
			return err
		}
	}
	return nil
}

// where gives the goals that something holds for.
func (s *seeker) where(holds func(*goal) bool) []*goal {
	var goals []*goal
	for _, g := range s.goals {
		if !g.given && holds(g) {
			goals = append(goals, g)
		}
	}
	return goals
}

// try probes a rate for goals that are not known to pass or to fail there.
func (s *seeker) try(ctx context.Context, rate float64, goals []*goal) error {
	verdicts, err := s.probe(ctx, rate, goals, false)
	if err != nil {
		return err
	}
	for i, g := range goals {
		switch verdicts[i] {
		case passed:
			g.passing = rate
		case unjudged:
			g.blocked = rate
		default:
			g.failing = rate
		}
	}
	return nil
}

func (s *seeker) double(ctx context.Context, rate float64) error {
	for range maxDoubled {
		open := s.where(func(g *goal) bool { return g.upper() == 0 })
		if len(open) == 0 {
			return nil
		}
		if err := s.try(ctx, rate, open); err != nil {
			return err
		}
		rate *= 2
	}
	for _, g := range s.where(func(g *goal) bool { return g.upper() == 0 }) {
		g.giveUp("no rate up to %.4g/s failed", g.passing)
	}
	return nil
}

func (s *seeker) halve(ctx context.Context, rate float64) error {
	for range maxHalved {
		low := s.where(func(g *goal) bool { return g.passing == 0 })
		if len(low) == 0 || float64(s.needs)/(rate/2) > longest.Seconds() {
			break
		}
		rate /= 2
		if err := s.try(ctx, rate, low); err != nil {
			return err
		}
	}
	for _, g := range s.where(func(g *goal) bool { return g.passing == 0 }) {
		g.giveUp("no rate from %.4g/s on passed", rate)
	}
	return nil
}

func (s *seeker) bisect(ctx context.Context, _ float64) error {
	for {
		open := s.where(func(g *goal) bool { return g.upper()-g.passing > resolution*g.passing })
		if len(open) == 0 {
			return nil
		}
		middle := (open[0].passing + open[0].upper()) / 2
		around := s.where(func(g *goal) bool { return g.passing < middle && middle < g.upper() })
		if err := s.try(ctx, middle, around); err != nil {
			return err
		}
	}
}

func (s *seeker) confirm(ctx context.Context, _ float64) error {
	for _, g := range s.where(func(*goal) bool { return true }) {
		if err := s.confirmOne(ctx, g); err != nil {
			return err
		}
		if g.passing > 0 && g.blocked > 0 && (g.failing == 0 || g.blocked < g.failing) {
			g.note = fmt.Sprintf("rates from %.4g/s on could not be judged: the generator did not keep their schedules", g.blocked)
		}
	}
	return nil
}

// confirmOne makes the whole test at the passing rate. If that fails, it goes down from there, by a step that doubles, to a rate
// at which the whole test passes, and halves what lies between.
func (s *seeker) confirmOne(ctx context.Context, g *goal) error {
	rate, step, sure := g.passing, resolution, 0.0
	for range maxConfirms {
		verdicts, err := s.probe(ctx, rate, []*goal{g}, true)
		if err != nil {
			return err
		}
		switch verdicts[0] {
		case passed:
			sure = rate
		case unjudged:
			g.blocked = rate
		default:
			g.failing = rate
		}
		switch {
		case sure == 0:
			rate /= 1 + step
			step *= 2
		case g.upper()-sure > resolution*sure*1.001:
			rate = (sure + g.upper()) / 2
		default:
			g.passing = sure
			return nil
		}
	}
	if g.passing = sure; sure == 0 {
		g.giveUp("no rate that passed could be confirmed")
	} else {
		g.note = fmt.Sprintf("the search ended after %d probes to confirm it, before it was within %g %%", maxConfirms, 100*resolution)
	}
	return nil
}
