package experiment

import (
	"context"
	"errors"
	"fmt"

	"github.com/crossrank/crossrank/internal/config"
	"github.com/crossrank/crossrank/internal/load"
	"github.com/crossrank/crossrank/internal/results"
	"github.com/crossrank/crossrank/internal/stats"
)

// errStopped says that a search did not come to its end because it was stopped.
var errStopped = errors.New("stopped")

// allowedLate is how many requests may be late in a probe that passes: as many as the test of package stats allows in
// the longest probe. More than a few make probes longer without moving the border.
const allowedLate = 10

// probeRequests is how many requests a probe sends at most: those asked for, or those that the percentile needs.
func probeRequests(percentile float64, asked int) int {
	return max(asked, stats.Needed(percentile, 0))
}

// judge stops a probe early: as soon as so few requests are late that the percentile is known to keep the bound, or so
// many that it cannot come to be within the requests that are left.
type judge struct {
	objective config.Objective
	most      int // requests of the probe at most

	seen, late int
}

func (j *judge) record(r results.Request) error {
	j.seen++
	if !r.OK() || float64(r.Latency())/1e6 > j.objective.LatencyMS {
		j.late++
	}
	if j.passes() || j.fails() {
		return load.ErrEnough
	}
	return nil
}

func (j *judge) passes() bool { return j.seen >= stats.Needed(j.objective.Percentile, j.late) }

// fails tells whether even without another late request there are not enough left.
func (j *judge) fails() bool {
	return j.late > allowedLate || stats.Needed(j.objective.Percentile, j.late) > j.most
}

// search looks for the highest rate that keeps the objective, and measures the goodput around it.
func (r *runner) search(ctx context.Context, u unit) (bool, error) {
	objective := u.settings.Experiment.Objective
	capacity, err := r.capacity(ctx, u)
	if err != nil {
		return stopped(err)
	}
	found, err := search(ctx, capacity, func(ctx context.Context, rate float64, confirm bool) (bool, error) {
		j := &judge{objective: objective, most: probeRequests(objective.Percentile, u.point.Requests)}
		what := results.SearchProbe
		if confirm {
			what = results.SearchConfirm
		}
		err := r.probe(ctx, u, what, rate, 0, j.most, j.record)
		return err == nil && j.passes(), err
	})
	if err != nil {
		return stopped(err)
	}
	if found.passing > 0 {
		for _, times := range goodputAt {
			if err := r.probe(ctx, u, results.SearchGoodput, times*found.passing, times, probeRequests(objective.Percentile, u.point.Requests), nil); err != nil {
				return stopped(err)
			}
		}
	}
	err = r.w.Found(results.Found{
		Point: r.next - 1, Key: u.point.Key, Set: u.point.Set, Batch: u.point.Batch, Repeat: u.point.Repeat,
		Percentile: objective.Percentile, LatencyMS: objective.LatencyMS,
		Capacity: capacity, Passing: found.passing, Failing: found.failing, Note: found.note,
	})
	if err != nil {
		return false, errors.Join(errLost, err)
	}
	return true, nil
}

// stopped turns a search that was stopped into one that is incomplete, which is no failure.
func stopped(err error) (bool, error) {
	if errors.Is(err, errStopped) {
		return false, nil
	}
	return false, err
}

// capacity measures the requests a second of a closed loop.
func (r *runner) capacity(ctx context.Context, u unit) (float64, error) {
	p := u.point
	p.Search, p.Arrival, p.Rate = results.SearchCapacity, "", 0
	end, result, err := r.measure(ctx, p, load.Config{})
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

// probe measures one rate.
func (r *runner) probe(ctx context.Context, u unit, what string, rate, times float64, n int, record func(results.Request) error) error {
	a := u.settings.Experiment.Arrival
	a.Rate = rate
	plan, err := schedule(a, n, 0)
	if err != nil {
		return err
	}
	p := u.point
	p.Search, p.Rate, p.Times, p.Requests, p.Duration = what, rate, times, n, 0
	end, result, err := r.measure(ctx, p, load.Config{Schedule: plan, Record: record})
	if err != nil && result != nil && result.Requests > 0 && result.Requests == result.Failed() && !errors.Is(err, errLost) {
		return nil // a rate at which every request fails is one that does not pass
	}
	if err == nil && !end.Complete {
		return errStopped
	}
	return err
}
