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

// errStopped says that a search was stopped before its end, which is no failure.
var errStopped = errors.New("stopped")

const (
	capacityRequests = 100 // at most, of the closed loop that measures the capacity
	goodputRequests  = 200 // at most, of a measurement at a multiple of the rate that was found
	maxTries         = 3   // of a probe whose generator does not keep the schedule

	// A probe that passes takes so long at least: at a rate a little above the capacity, the queue
	// grows slowly.
	leastProbe   = 5 * time.Second
	leastConfirm = 20 * time.Second
)

// goodputAt are the multiples of the rate that was found at which the goodput is measured too. At
// the rate itself, it is that of the probe that confirmed it.
var goodputAt = []float64{1.5, 2, 5}

// probeRequests is how many requests a probe sends at most: those asked for, or those that the
// percentile needs.
func probeRequests(percentile float64, asked int) int {
	return max(asked, stats.Needed(percentile, 0))
}

// requestsFor is how many requests a probe at a rate is planned with, so that it can take as long
// as it must.
func requestsFor(most int, rate float64, least time.Duration) int {
	return max(most, int(1.5*rate*least.Seconds())+1)
}

// provisionalRequests is how many requests without a late one pass provisionally, while a search
// looks around. A rate that is published is confirmed by the whole test.
func provisionalRequests(percentile float64) int { return (stats.Needed(percentile, 0) + 1) / 4 }

// sloSearch is a search for objectives through the server that runs.
type sloSearch struct {
	*runner
	configuration configuration
	percentile    float64
	most          int // requests of a probe at most
	confirmed     int // probes that were to confirm a rate, each with its own schedule
}

// search looks for the highest rates that keep the objectives, and measures the goodput around
// each.
func (r *runner) search(ctx context.Context, c configuration) (complete bool, err error) {
	percentile := c.settings.Experiment.Objective.Percentile
	slo := &sloSearch{runner: r, configuration: c, percentile: percentile, most: probeRequests(percentile, c.Requests)}
	s := &rateSearch{needs: stats.Needed(percentile, 0), probe: slo.probe}
	for _, ms := range c.Objectives {
		s.goals = append(s.goals, &goal{ms: ms})
	}
	capacity, err := slo.capacity(ctx)
	if err == nil {
		err = s.run(ctx, capacity)
	}
	for _, g := range s.goals {
		if err == nil {
			err = slo.goodput(ctx, g)
		}
	}
	if errors.Is(err, errStopped) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	for _, g := range s.goals {
		err := r.w.SLOResult(results.SLOResult{
			Configuration: r.next - 1, Key: c.Key, Set: c.Set, Batch: c.Batch, Repeat: c.Repeat,
			Percentile: percentile, LatencyMS: g.ms, Capacity: capacity, Passing: g.passing, Failing: g.failing, Note: g.note,
		})
		if err != nil {
			return false, errors.Join(errLost, err)
		}
	}
	return true, nil
}

// capacity measures the requests per second of a closed loop.
func (s *sloSearch) capacity(ctx context.Context) (float64, error) {
	c := s.configuration.Configuration
	c.Search, c.Arrival, c.Rate, c.Duration = results.SearchCapacity, "", 0, 0
	c.Requests = min(s.most, capacityRequests)
	end, result, err := s.measure(ctx, c, load.Config{})
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

// probe measures a rate, again if the generator did not keep its schedule, and returns the verdict
// of each goal.
func (s *sloSearch) probe(ctx context.Context, rate float64, goals []*goal, confirm bool) ([]verdict, error) {
	c := s.configuration.Configuration
	c.Search, c.Rate, c.Duration = results.SearchProbe, rate, 0
	trust, least, seed := provisionalRequests(s.percentile), leastProbe, s.configuration.settings.Experiment.Arrival.Seed
	if confirm {
		s.confirmed++
		c.Search, c.Times, trust, least, seed = results.SearchConfirm, 1, 0, leastConfirm, seed+int64(s.confirmed)
	}
	if s.opts.leastProbe > 0 {
		least = s.opts.leastProbe
	}
	c.Requests = requestsFor(s.most, rate, least)
	c.Objectives = make([]float64, len(goals))
	for i, g := range goals {
		c.Objectives[i] = g.ms
	}
	c.Objective = c.Objectives[0]
	verdicts := make([]verdict, len(goals))
	for c.Attempt = range maxTries {
		t := newSLOTest(s.percentile, c.Requests, trust, c.Objectives...)
		t.least = least
		end, err := s.measureRate(ctx, c, seed, t.record)
		if err != nil {
			return nil, err
		}
		for i, o := range t.objectives {
			verdicts[i] = o.verdict
		}
		if end.Invalid == "" {
			return verdicts, nil
		}
	}
	for i := range verdicts {
		verdicts[i] = notOffered
	}
	return verdicts, nil
}

// goodput measures what is answered in time at multiples of the rate that was found.
func (s *sloSearch) goodput(ctx context.Context, g *goal) error {
	if g.passing == 0 {
		return nil
	}
	for _, times := range goodputAt {
		c := s.configuration.Configuration
		c.Search, c.Rate, c.Times, c.Duration = results.SearchGoodput, times*g.passing, times, 0
		c.Objective, c.Objectives, c.Requests = g.ms, nil, min(s.most, goodputRequests)
		if _, err := s.measureRate(ctx, c, s.configuration.settings.Experiment.Arrival.Seed, nil); err != nil {
			return err
		}
	}
	return nil
}

// measureRate measures an open loop at the rate of c.
func (s *sloSearch) measureRate(ctx context.Context, c results.Configuration, seed int64,
	record func(results.Request) error) (results.ConfigurationEnd, error) {
	a := s.configuration.settings.Experiment.Arrival
	if seed != a.Seed {
		c.Seed = seed
	}
	a.Rate, a.Seed = c.Rate, seed
	schedule, err := scheduleOf(a, 0, nil, c.Requests, 0)
	if err != nil {
		return results.ConfigurationEnd{}, err
	}
	end, result, err := s.measure(ctx, c, load.Config{Schedule: schedule, Record: record})
	if err != nil && result != nil && result.Requests > 0 && result.Requests == result.Failed() && !errors.Is(err, errLost) {
		return end, nil // a rate at which every request fails is one that does not pass
	}
	if err == nil && !end.Complete {
		err = errStopped
	}
	return end, err
}
