package experiment

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/client"
	"github.com/crossrank/crossrank/internal/definition"
	"github.com/crossrank/crossrank/internal/load"
	"github.com/crossrank/crossrank/internal/results"
	"github.com/crossrank/crossrank/internal/stats"
)

// requestTimeout ends a request that hangs.
const requestTimeout = 5 * time.Minute

// measureConfiguration measures one configuration, or one search, and reports whether it came to
// its end.
func (r *runner) measureConfiguration(ctx context.Context, c configuration) (complete bool, err error) {
	ctx, release := r.server.WhileRunning(ctx)
	defer release()
	var recorded []time.Duration
	if r.mixed, recorded, err = r.mixOf(c); err != nil {
		return false, err
	}
	if c.searches() {
		return r.search(ctx, c)
	}
	e := c.settings.Experiment
	cfg := load.Config{Duration: max(c.Duration, time.Duration(e.Stability.AtMost))}
	if r.steady = newSteadyState(e); r.steady != nil {
		cfg.Record = r.steady.record
		defer func() { r.steady = nil }()
	}
	if e.Arrival.Open() {
		if cfg.Schedule, err = scheduleOf(e.Arrival, recorded, c.Requests, cfg.Duration); err != nil {
			return false, err
		}
		c.Requests = len(cfg.Schedule)
	}
	end, _, err := r.measure(ctx, c.Configuration, cfg)
	return end.Complete, err
}

// scheduleOf returns the times of an open loop. Recorded are those of the requests' file, which a
// replay takes unless it has a trace.
func scheduleOf(a definition.Arrival, recorded []time.Duration, n int, d time.Duration) ([]time.Duration, error) {
	arrivals := load.Arrivals{Process: a.Process, Rate: a.Rate, Shape: a.Shape, Seed: uint64(a.Seed), Trace: recorded}
	if a.Trace != "" {
		var err error
		if arrivals.Trace, err = load.ReadTrace(a.Trace); err != nil {
			return nil, err
		}
	}
	return arrivals.Schedule(n, d)
}

// measure puts the load of cfg on the server and writes what every request met. The end that it
// returns is in the results file already.
func (r *runner) measure(ctx context.Context, c results.Configuration, cfg load.Config) (
	results.ConfigurationEnd, *load.Result, error) {
	c = r.number(c)
	if err := r.w.Configuration(c); err != nil {
		return results.ConfigurationEnd{}, nil, errors.Join(errLost, err)
	}
	pace := &pacing{}
	r.complete(&cfg, c, pace)
	result, err := load.Run(ctx, r.scorer, cfg)
	r.out.Failed += result.Failed()
	end := results.ConfigurationEnd{
		Configuration: c.Index, Began: result.Began, Elapsed: result.Elapsed, Abandoned: result.Abandoned,
	}
	if result.CPU != nil {
		end.GeneratorCPU = *result.CPU
	}
	if len(cfg.Schedule) > 0 {
		end.Invalid = pace.fault(c.Objective)
	}
	if r.steady != nil {
		end.Stability = r.steady.stability(result.Elapsed)
	}
	switch {
	case r.serverDied(ctx, result) || ctx.Err() != nil && result.Partial:
		end.Reason, err = r.stopReason(ctx), r.server.Err()
	case err != nil:
		end.Reason = err.Error()
	default:
		end.Complete = true
	}
	if result.Requests > 0 && r.server.Err() == nil && !errors.Is(err, errLost) && hasHistory(r.base.Target) {
		samples, failure := r.samples(ctx, c, result)
		end.SumUp(samples)
		err = errors.Join(err, failure)
	}
	if lost := r.w.ConfigurationEnd(end); lost != nil {
		err = errors.Join(err, errLost, lost)
	}
	return end, result, err
}

// complete adds to cfg what a configuration says of its load, and where its records and its
// progress go. A Record that is there is called after each request is written.
func (r *runner) complete(cfg *load.Config, c results.Configuration, pace *pacing) {
	decide, open := cfg.Record, len(cfg.Schedule) > 0
	cfg.Pairs, cfg.Batch, cfg.Concurrency, cfg.Requests, cfg.Warmup = r.data.Pairs, c.Batch, c.Concurrency, c.Requests, c.Warmup
	cfg.Mixed, cfg.Timeout = r.mixed, requestTimeout
	cfg.Record = func(req results.Request) error {
		req.Configuration = c.Index
		if err := r.w.Request(req); err != nil {
			return errors.Join(errLost, err)
		}
		if open {
			pace.see(req)
		}
		if decide != nil {
			return decide(req)
		}
		return nil
	}
	cfg.Progress = func(u load.Progress) {
		r.progress.update(&c, u)
		if r.opts.Progress != nil {
			r.opts.Progress(c, u)
		}
	}
}

// serverDied reports whether a server of this run died while requests were sent to it. That can be
// seen only after the last of them failed, so a server that does not answer has some time to exit.
func (r *runner) serverDied(ctx context.Context, result *load.Result) bool {
	if r.server.External() || result.Errors[crossrank.Unavailable] == 0 {
		return false
	}
	if _, err := r.client.Info(ctx); crossrank.CodeOf(err) != crossrank.Unavailable {
		return r.server.Err() != nil
	}
	timer := time.NewTimer(exitWithin)
	defer timer.Stop()
	select {
	case <-r.server.Exited():
		return true
	case <-timer.C:
		return false
	}
}

// stopReason says why a configuration did not come to its end.
func (r *runner) stopReason(ctx context.Context) string {
	if r.server.Err() != nil {
		return "the server ended"
	}
	return stopReason(ctx)
}

// samples adds the server's own history of a configuration to the results, and returns it.
func (r *runner) samples(ctx context.Context, c results.Configuration, result *load.Result) ([]results.Sample, error) {
	// What was measured before an interruption is worth the moment that its history takes.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), historyWithin)
	defer cancel()
	source := r.client
	if !r.server.External() {
		var err error
		if source, err = client.Dial("http://"+r.server.HTTP, client.Options{}); err != nil {
			return nil, err
		}
		defer source.Close()
	}
	samples, err := history(ctx, source, result.Began, result.Began.Add(result.Elapsed))
	if err != nil {
		return nil, fmt.Errorf("reading the server's history: %w", err)
	}
	for i := range samples {
		samples[i].Configuration = c.Index
		if err := r.w.Sample(samples[i]); err != nil {
			return samples, errors.Join(errLost, err)
		}
	}
	return samples, nil
}

// pacing collects when the requests of an open loop were due, and when they were sent.
type pacing struct{ due, sent []time.Duration }

func (p *pacing) see(r results.Request) {
	p.due, p.sent = append(p.due, r.Intended), append(p.sent, r.Sent())
}

// fault says why the load was not what was asked for, or nothing. The objective, in milliseconds,
// may be 0.
func (p *pacing) fault(objectiveMS float64) string {
	return stats.PacingOf(p.due, p.sent).Fault(time.Duration(objectiveMS * 1e6))
}
