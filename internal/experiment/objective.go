package experiment

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/crossrank/crossrank/internal/load"
	"github.com/crossrank/crossrank/internal/results"
	"github.com/crossrank/crossrank/internal/stats"
)

// errStopped says that a search did not come to its end because it was stopped.
var errStopped = errors.New("stopped")

const (
	capacityRequests = 100 // at most, of the closed loop that tells the capacity
	goodputRequests  = 200 // at most, of a measurement at a multiple of the rate that was found
	maxTries         = 3   // of a probe whose generator does not keep the schedule
)

// goodputAt are the multiples of the rate that was found at which the goodput is measured too. At that rate itself, it is
// that of the probe which confirmed it.
var goodputAt = []float64{1.5, 2, 5}

// probeRequests is how many requests a probe sends at most: those asked for, or those that the percentile needs.
func probeRequests(percentile float64, asked int) int {
	return max(asked, stats.Needed(percentile, 0))
}

// A probe that passes takes so long at least: at a rate a little above the capacity, the queue grows slowly.
const (
	leastProbe   = 5 * time.Second
	leastConfirm = 20 * time.Second
)

// enough is how many requests a probe at a rate is planned with, so that it can take that long.
func enough(most int, rate float64, least time.Duration) int {
	return max(most, int(1.5*rate*least.Seconds())+1)
}

// trusted is how many requests without a late one pass for now, while a search looks around: a rate that is published is
// confirmed by the whole test.
func trusted(percentile float64) int { return (stats.Needed(percentile, 0) + 1) / 4 }

// hunt is a search of one configuration.
type hunt struct {
	*runner
	unit       unit
	percentile float64
	most       int // requests of a probe at most
	confirmed  int // probes that were to confirm a rate, each with a schedule of its own
}

// search looks for the highest rates that keep the objectives, and measures the goodput around each.
func (r *runner) search(ctx context.Context, u unit) (bool, error) {
	percentile := u.settings.Experiment.Objective.Percentile
	h := &hunt{runner: r, unit: u, percentile: percentile, most: probeRequests(percentile, u.point.Requests)}
	s := &seeker{needs: stats.Needed(percentile, 0), probe: h.probe}
	for _, ms := range u.point.Objectives {
		s.goals = append(s.goals, &goal{ms: ms})
	}
	capacity, err := h.capacity(ctx)
	if err == nil {
		err = s.seek(ctx, capacity)
	}
	for _, g := range s.goals {
		if err == nil {
			err = h.goodput(ctx, g)
		}
	}
	if errors.Is(err, errStopped) {
		return false, nil // which is no failure
	}
	if err != nil {
		return false, err
	}
	for _, g := range s.goals {
		err := r.w.SLOResult(results.SLOResult{
			Configuration: r.next - 1, Key: u.point.Key, Set: u.point.Set, Batch: u.point.Batch, Repeat: u.point.Repeat,
			Percentile: percentile, LatencyMS: g.ms, Capacity: capacity, Passing: g.passing, Failing: g.failing, Note: g.note,
		})
		if err != nil {
			return false, errors.Join(errLost, err)
		}
	}
	return true, nil
}

// capacity measures the requests a second of a closed loop.
func (h *hunt) capacity(ctx context.Context) (float64, error) {
	p := h.unit.point
	p.Search, p.Arrival, p.Rate, p.Duration = results.SearchCapacity, "", 0, 0
	p.Requests = min(h.most, capacityRequests)
	end, result, err := h.measure(ctx, p, load.Config{})
	switch {
	case err != nil:
		return 0, err
	case !end.Complete:
		return 0, errStopped
	}
	answered := result.Requests - result.Failed()
	if answered == 0 || result.Elapsed <= 0 {
		return 0, fmt.Errorf("the closed loop measured no capacity")
	}
	return float64(answered) / result.Elapsed.Seconds(), nil
}

// probe measures a rate, again if the generator did not keep its schedule, and judges it.
func (h *hunt) probe(ctx context.Context, rate float64, goals []*goal, confirm bool) ([]verdict, error) {
	p := h.unit.point
	p.Search, p.Rate, p.Duration = results.SearchProbe, rate, 0
	trust, least, seed := trusted(h.percentile), leastProbe, h.unit.settings.Experiment.Arrival.Seed
	if confirm {
		h.confirmed++
		p.Search, p.Times, trust, least, seed = results.SearchConfirm, 1, 0, leastConfirm, seed+int64(h.confirmed)
	}
	if h.opts.least > 0 {
		least = h.opts.least
	}
	p.Requests = enough(h.most, rate, least)
	bounds := make([]float64, len(goals))
	for i, g := range goals {
		bounds[i] = g.ms
	}
	p.Objective, p.Objectives = bounds[0], bounds
	verdicts := make([]verdict, len(goals))
	for range maxTries {
		j := newJudge(h.percentile, p.Requests, trust, bounds...)
		j.least = least
		end, err := h.offer(ctx, p, seed, j.record)
		if err != nil {
			return nil, err
		}
		for i, b := range j.on {
			verdicts[i] = b.verdict
		}
		if end.Invalid == "" {
			return verdicts, nil
		}
	}
	for i := range verdicts {
		verdicts[i] = unjudged
	}
	return verdicts, nil
}

// goodput measures what is answered in time at multiples of the rate that was found.
func (h *hunt) goodput(ctx context.Context, g *goal) error {
	if g.passing == 0 {
		return nil
	}
	for _, times := range goodputAt {
		p := h.unit.point
		p.Search, p.Rate, p.Times, p.Duration = results.SearchGoodput, times*g.passing, times, 0
		p.Objective, p.Objectives, p.Requests = g.ms, nil, min(h.most, goodputRequests)
		if _, err := h.offer(ctx, p, h.unit.settings.Experiment.Arrival.Seed, nil); err != nil {
			return err
		}
	}
	return nil
}

// offer measures a point of an open loop at its rate.
func (h *hunt) offer(ctx context.Context, p results.Configuration, seed int64, record func(results.Request) error) (results.ConfigurationEnd, error) {
	a := h.unit.settings.Experiment.Arrival
	a.Rate, a.Seed = p.Rate, seed
	plan, err := schedule(a, nil, p.Requests, 0)
	if err != nil {
		return results.ConfigurationEnd{}, err
	}
	end, result, err := h.measure(ctx, p, load.Config{Schedule: plan, Record: record})
	if err != nil && result != nil && result.Requests > 0 && result.Requests == result.Failed() && !errors.Is(err, errLost) {
		return end, nil // a rate at which every request fails is one that does not pass
	}
	if err == nil && !end.Complete {
		err = errStopped
	}
	return end, err
}
