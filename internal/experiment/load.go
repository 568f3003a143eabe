package experiment

import (
	"context"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/definition"
	"github.com/crossrank/crossrank/internal/load"
	"github.com/crossrank/crossrank/internal/results"
	"github.com/crossrank/crossrank/internal/stats"
)

// requestTimeout ends a request that hangs.
const requestTimeout = 5 * time.Minute

// LoadOf returns the one configuration of settings that vary nothing and search for nothing, and
// the load of pairs that [Measure] puts on a scorer.
func LoadOf(s definition.Settings, pairs []crossrank.Pair) (results.Configuration, load.Config, error) {
	c := plan(definition.Sweep{Variants: []definition.Variant{{Settings: s}}})[0].configurations[0]
	cfg := load.Config{Pairs: pairs}
	mixed, recorded, err := mixOf(c, pairs)
	if err != nil {
		return c.Configuration, cfg, err
	}
	cfg.Mixed = mixed
	err = c.schedule(&cfg, recorded)
	return c.Configuration, cfg, err
}

// schedule sets when the requests of c are sent, and how many. Recorded is when those of a file
// were sent.
func (c *configuration) schedule(cfg *load.Config, recorded []time.Duration) (err error) {
	e := c.settings.Experiment
	cfg.Duration = max(c.Duration, time.Duration(e.Stability.AtMost))
	if !e.Arrival.Open() {
		cfg.RampTo = int(c.RampTo)
		return nil
	}
	cfg.Schedule, err = scheduleOf(e.Arrival, c.RampTo, recorded, c.Requests, cfg.Duration)
	c.Requests = len(cfg.Schedule)
	return err
}

// scheduleOf returns the times of an open loop. Recorded are those of the requests' file, which a
// replay takes unless it has a trace.
func scheduleOf(a definition.Arrival, rampTo float64, recorded []time.Duration, n int, d time.Duration) ([]time.Duration, error) {
	arrivals := load.Arrivals{Process: a.Process, Rate: a.Rate, RampTo: rampTo, Shape: a.Shape, Seed: uint64(a.Seed), Trace: recorded}
	if a.Trace != "" {
		var err error
		if arrivals.Trace, err = load.ReadTrace(a.Trace); err != nil {
			return nil, err
		}
	}
	return arrivals.Schedule(n, d)
}

// Measure puts the load of cfg, as c describes it, on s. The records that it passes on, and the end
// that it returns, have the index of c. An error is one of [load.Run]; the end says why, too.
func Measure(ctx context.Context, s crossrank.Scorer, c results.Configuration, cfg load.Config) (
	results.ConfigurationEnd, *load.Result, error) {
	record, open, pace := cfg.Record, len(cfg.Schedule) > 0, &pacing{}
	cfg.Batch, cfg.Concurrency, cfg.Requests, cfg.Warmup = c.Batch, c.Concurrency, c.Requests, c.Warmup
	cfg.Timeout = requestTimeout
	cfg.Record = func(r results.Request) error {
		r.Configuration = c.Index
		if open {
			pace.see(r)
		}
		return record(r)
	}
	result, err := load.Run(ctx, s, cfg)
	end := results.ConfigurationEnd{
		Configuration: c.Index, Began: result.Began, Elapsed: result.Elapsed, Abandoned: result.Abandoned,
	}
	if result.CPU != nil {
		end.GeneratorCPU = *result.CPU
	}
	if open {
		end.Invalid = pace.fault(c.Objective)
	}
	switch {
	case ctx.Err() != nil && result.Partial:
		end.Reason = stopReason(ctx)
	case err != nil:
		end.Reason = err.Error()
	default:
		end.Complete = true
	}
	return end, result, err
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
