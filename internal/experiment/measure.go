package experiment

import (
	"context"
	"errors"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/client"
	"github.com/crossrank/crossrank/internal/load"
	"github.com/crossrank/crossrank/internal/results"
)

// measureConfiguration measures one configuration, or one search, and reports whether it came to
// its end.
func (r *runner) measureConfiguration(ctx context.Context, c configuration) (complete bool, err error) {
	ctx, release := r.server.WhileRunning(ctx)
	defer release()
	var recorded []time.Duration
	if r.mixed, recorded, err = mixOf(c, r.data.Pairs); err != nil {
		return false, err
	}
	if c.searches() {
		return r.search(ctx, c)
	}
	var cfg load.Config
	if r.steady = newSteadyState(c.settings.Experiment); r.steady != nil {
		cfg.Record = r.steady.record
		defer func() { r.steady = nil }()
	}
	if err := c.schedule(&cfg, recorded); err != nil {
		return false, err
	}
	end, _, err := r.measure(ctx, c.Configuration, cfg)
	return end.Complete, err
}

// measure puts the load of cfg on the server and writes what every request met. The end that it
// returns is in the results file already.
func (r *runner) measure(ctx context.Context, c results.Configuration, cfg load.Config) (
	results.ConfigurationEnd, *load.Result, error) {
	c = r.number(c)
	if err := r.w.Configuration(c); err != nil {
		return results.ConfigurationEnd{}, nil, errors.Join(errLost, err)
	}
	r.complete(&cfg, c)
	end, result, err := Measure(ctx, r.scorer, c, cfg)
	r.out.Failed += result.Failed()
	if r.steady != nil {
		end.Stability = r.steady.stability(result.Elapsed)
	}
	if r.serverDied(ctx, result) || ctx.Err() != nil && result.Partial {
		end.Complete, end.Reason, err = false, r.stopReason(ctx), r.server.Err()
	}
	if result.Requests > 0 && r.server.Err() == nil && !errors.Is(err, errLost) && HasHistory(r.base.Target) {
		samples, failure := r.samples(ctx, c, result)
		end.SumUp(samples)
		err = errors.Join(err, failure)
	}
	if lost := r.w.ConfigurationEnd(end); lost != nil {
		err = errors.Join(err, errLost, lost)
	}
	return end, result, err
}

// complete adds to cfg what is sent, and where its records and its progress go. A Record that is
// there is called after each request is written.
func (r *runner) complete(cfg *load.Config, c results.Configuration) {
	decide := cfg.Record
	cfg.Pairs, cfg.Mixed = r.data.Pairs, r.mixed
	cfg.Record = func(req results.Request) error {
		if err := r.w.Request(req); err != nil {
			return errors.Join(errLost, err)
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
	source := r.client
	if !r.server.External() {
		var err error
		if source, err = client.Dial("http://"+r.server.HTTP, client.Options{}); err != nil {
			return nil, err
		}
		defer source.Close()
	}
	samples, err := History(ctx, source, c, result)
	if err != nil {
		return nil, err
	}
	for i := range samples {
		if err := r.w.Sample(samples[i]); err != nil {
			return samples, errors.Join(errLost, err)
		}
	}
	return samples, nil
}
