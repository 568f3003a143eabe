package experiment

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/client"
	"github.com/crossrank/crossrank/internal/dataset"
	"github.com/crossrank/crossrank/internal/definition"
	"github.com/crossrank/crossrank/internal/load"
	"github.com/crossrank/crossrank/internal/machine"
	"github.com/crossrank/crossrank/internal/quality"
	"github.com/crossrank/crossrank/internal/results"
	"github.com/crossrank/crossrank/internal/serverproc"
)

// runner measures one step after another. Its results begin with the first server that runs, which tells the model.
type runner struct {
	opts   Options
	base   definition.Settings
	data   *dataset.Set
	mixed  [][]crossrank.Pair // the requests of the unit under way, if they are a mix
	settle *settler           // of the unit under way, if it is asked whether it settles
	path   string
	old    *results.Results // of an earlier run; nil to begin anew
	keep   map[string]bool  // keys of what is taken from there
	steps  []step           // what is left to measure
	total  int              // configurations of all
	log    *os.File

	server *serverproc.Process
	client *client.Client
	scorer crossrank.Scorer // the client, as the data has it asked
	tell   *teller          // of the server
	w      *results.Writer  // nil until a server runs
	next   int              // index of the next point
	done   int              // configurations begun, or kept
	out    Outcome

	task     *quality.Task // that the scores are judged by; nil if there is none
	assessed []assessment
}

// drop takes what is kept out of the steps.
func (r *runner) drop() {
	for i := range r.steps {
		r.total += len(r.steps[i].units)
		r.steps[i].units = slices.DeleteFunc(r.steps[i].units, func(u unit) bool { return r.keep[u.point.Key] })
		r.out.Kept += -len(r.steps[i].units)
	}
	r.out.Kept += r.total
	r.done = r.out.Kept
	r.steps = slices.DeleteFunc(r.steps, func(s step) bool { return len(s.units) == 0 })
}

func (r *runner) run(ctx context.Context) error {
	var failed []error
	for i, s := range r.steps {
		err := r.step(ctx, s, i == len(r.steps)-1)
		failed = append(failed, err)
		if ctx.Err() != nil || errors.Is(err, errLost) {
			break
		}
	}
	if r.w != nil && ctx.Err() == nil {
		failed = append(failed, r.qualities())
	}
	err := errors.Join(failed...)
	if r.w == nil {
		r.out.Broken = 0 // nothing is on record
		if err == nil {
			err = context.Cause(ctx)
		}
		return err
	}
	r.out.Stopped = ctx.Err() != nil && r.out.Measured+r.out.Kept+r.out.Broken < r.total
	r.out.Partial = r.out.Stopped || r.out.Broken > 0 || err != nil
	end := results.End{Time: time.Now(), Complete: !r.out.Partial}
	switch {
	case r.out.Stopped:
		end.Reason = fmt.Sprintf("%s in configuration %d of %d", ended(ctx), max(r.done, 1), r.total)
	case r.out.Broken > 0:
		end.Reason = fmt.Sprintf("%d of %d configurations failed", r.out.Broken, r.total)
	case err != nil:
		end.Reason = err.Error()
	}
	return errors.Join(err, r.w.End(end))
}

// errLost says that results cannot be written any more.
var errLost = errors.New("the results cannot be written")

// step measures what one server process is for. A server that ends is started again for what is left. After the last step
// there is none.
func (r *runner) step(ctx context.Context, s step, last bool) (err error) {
	defer func() {
		r.leave(ctx, last || errors.Is(err, errLost))
		err = errors.Join(err, r.stop())
	}()
	var failed []error
	first := r.next
	for i, u := range s.units {
		if ctx.Err() != nil {
			break
		}
		if r.server == nil || r.server.Err() != nil {
			if err := errors.Join(r.stop(), r.serve(ctx, s.server)); err != nil {
				// The others of this step would meet the same.
				return errors.Join(append(failed, err, r.refuse(ctx, s.units[i:], err))...)
			}
		}
		r.done++
		r.tell.begin(r.done, u.point)
		complete, err := r.unit(ctx, u)
		switch {
		case errors.Is(err, errLost):
			return errors.Join(append(failed, err)...)
		case err != nil:
			r.out.Broken++
			failed = append(failed, fmt.Errorf("%s: %w", u.point.Name(), err))
		case complete:
			r.out.Measured++
		}
	}
	if ctx.Err() == nil && s.units[0].point.Repeat == 0 && r.next > first && r.server.Err() == nil {
		failed = append(failed, r.assess(ctx, s, first))
	}
	return errors.Join(failed...)
}

// refuse records configurations whose server did not start.
func (r *runner) refuse(ctx context.Context, units []unit, why error) error {
	if ctx.Err() != nil {
		return nil
	}
	r.out.Broken += len(units)
	r.done += len(units)
	for _, u := range units {
		if r.w == nil {
			continue
		}
		p := r.index(u.point)
		end := results.ConfigurationEnd{Configuration: p.Index, Began: time.Now(), Reason: why.Error()}
		if err := errors.Join(r.w.Configuration(p), r.w.ConfigurationEnd(end)); err != nil {
			return errors.Join(errLost, err)
		}
	}
	return nil
}

// serve starts the server of a step, or finds it if it runs already, and the results if they are not begun.
func (r *runner) serve(ctx context.Context, settings definition.Settings) error {
	if settings.Target.Address != "" {
		return r.attach(ctx, settings.Target)
	}
	srv, err := r.start(ctx, settings)
	if err != nil {
		return err
	}
	r.server = srv
	r.tell = newTeller(srv.HTTP, news{
		Name: r.base.Name, State: "running", Configuration: r.done, Configurations: r.total, Report: r.opts.Report,
	})
	if r.opts.Serving != nil {
		r.opts.Serving("http://" + srv.HTTP + "/")
	}
	if r.client, err = client.Dial("grpc://"+srv.GRPC, client.Options{}); err != nil {
		return fmt.Errorf("reaching the server: %w", err)
	}
	r.scorer = asked(r.client, r.base.Data)
	info, err := r.client.Info(ctx)
	if err != nil {
		return fmt.Errorf("asking the server for its model: %w", cmp.Or(srv.Err(), err))
	}
	if r.w == nil {
		return r.begin(info, "grpc://"+r.server.GRPC)
	}
	return nil
}

// leave tells those who watch the page of a server why it is stopped now.
func (r *runner) leave(ctx context.Context, last bool) {
	if r.server == nil || r.server.Err() != nil || r.tell == nil {
		return
	}
	state, note := "ended", ""
	switch {
	case ctx.Err() != nil:
		note = ended(ctx)
	case !last:
		state, note = "running", "The next configuration has a server of its own"
	case r.out.Broken > 0:
		note = fmt.Sprintf("%d of %d configurations failed", r.out.Broken, r.total)
	}
	r.tell.last(context.WithoutCancel(ctx), state, note)
	if last && ctx.Err() == nil && r.opts.Measured != nil {
		r.opts.Measured(ctx, "http://"+r.server.HTTP+"/")
	}
}

// stop stops the server, if one runs.
func (r *runner) stop() error {
	var err error
	if r.tell != nil {
		r.tell.stop()
		r.tell = nil
	}
	if r.client != nil {
		err = r.client.Close()
		r.client = nil
	}
	if r.server != nil {
		err = errors.Join(err, r.server.Stop())
		r.server = nil
	}
	return err
}

// begin begins the results file, with what is kept of an earlier one.
func (r *runner) begin(info crossrank.Info, target string) error {
	settings, err := json.Marshal(ownSettings(r.base))
	if err != nil {
		return fmt.Errorf("encoding the settings: %w", err)
	}
	loop := "closed"
	if r.base.Experiment.Arrival.Process != "closed" {
		loop = "open"
	}
	run := results.Run{
		Name: r.base.Name, Description: r.base.Description, Started: time.Now(),
		Settings: settings, Model: info, Target: target, Loop: loop,
		Dialect: foreignDialect(r.base.Target), Elsewhere: r.base.Target.Address != "",
		CommandLine: r.opts.CommandLine, Version: r.opts.Version,
		Data:    r.provenance(),
		Machine: results.Machine(machine.Here()),
	}
	if r.w, err = results.Create(r.path, func(w *results.Writer) error { return errors.Join(w.Run(run.Public()), r.carry(w)) }); err != nil {
		return errors.Join(errLost, err)
	}
	r.out.Results = r.path
	return nil
}

// unit measures one configuration, and says whether that came to its end.
func (r *runner) unit(ctx context.Context, u unit) (complete bool, err error) {
	ctx, release := r.server.WhileRunning(ctx)
	defer release()
	var trace []time.Duration
	if r.mixed, trace, err = r.mix(u); err != nil {
		return false, err
	}
	if u.searches() {
		return r.search(ctx, u)
	}
	e := u.settings.Experiment
	cfg := load.Config{Duration: max(u.point.Duration, time.Duration(e.Stability.AtMost))}
	if r.settle = newSettler(e); r.settle != nil {
		cfg.Record = r.settle.record
		defer func() { r.settle = nil }()
	}
	if a := e.Arrival; a.Process != "closed" {
		if cfg.Schedule, err = schedule(a, trace, u.point.Requests, cfg.Duration); err != nil {
			return false, err
		}
		u.point.Requests = len(cfg.Schedule)
	}
	end, _, err := r.measure(ctx, u.point, cfg)
	return end.Complete, err
}

// schedule gives the times of an open loop. Recorded are those of the requests' file, which replay takes without a trace.
func schedule(a definition.Arrival, recorded []time.Duration, n int, d time.Duration) ([]time.Duration, error) {
	arrivals := load.Arrivals{Process: a.Process, Rate: a.Rate, Shape: a.Shape, Seed: uint64(a.Seed), Trace: recorded}
	if a.Trace != "" {
		var err error
		if arrivals.Trace, err = load.ReadTrace(a.Trace); err != nil {
			return nil, err
		}
	}
	return arrivals.Schedule(n, d)
}

// index gives a point its number.
func (r *runner) index(p results.Configuration) results.Configuration {
	p.Index = r.next
	r.next++
	return p
}

// measure measures one point, with what cfg says beside it. The end that it returns is in the results file already.
func (r *runner) measure(ctx context.Context, p results.Configuration, cfg load.Config) (results.ConfigurationEnd, *load.Result, error) {
	p = r.index(p)
	if err := r.w.Configuration(p); err != nil {
		return results.ConfigurationEnd{}, nil, errors.Join(errLost, err)
	}
	judge, pace := cfg.Record, &pacing{}
	cfg.Pairs, cfg.Batch, cfg.Concurrency, cfg.Requests, cfg.Warmup = r.data.Pairs, p.Batch, p.Concurrency, p.Requests, p.Warmup
	cfg.Mixed, cfg.Duration, cfg.Timeout = r.mixed, max(cfg.Duration, p.Duration), requestTimeout
	cfg.Record = func(req results.Request) error {
		req.Configuration = p.Index
		if err := r.w.Request(req); err != nil {
			return errors.Join(errLost, err)
		}
		if len(cfg.Schedule) > 0 {
			pace.see(req)
		}
		if judge != nil {
			return judge(req)
		}
		return nil
	}
	cfg.Progress = func(u load.Progress) {
		r.tell.progress(p, u)
		if r.opts.Progress != nil {
			r.opts.Progress(p, u)
		}
	}
	result, err := load.Run(ctx, r.scorer, cfg)
	r.out.Failed += result.Failed()
	end := results.ConfigurationEnd{Configuration: p.Index, Began: result.Began, Elapsed: result.Elapsed, Abandoned: result.Abandoned}
	if result.CPU != nil {
		end.GeneratorCPU = *result.CPU
	}
	if len(cfg.Schedule) > 0 {
		end.Invalid = pace.fault(p.Objective)
	}
	if r.settle != nil {
		end.Stability = r.settle.stability(result.Elapsed)
	}
	switch {
	case r.died(ctx, result) || ctx.Err() != nil && result.Partial:
		end.Reason, err = r.stopped(ctx), r.server.Err()
	case err != nil:
		end.Reason = err.Error()
	default:
		end.Complete = true
	}
	if result.Requests > 0 && r.server.Err() == nil && !errors.Is(err, errLost) && hasHistory(r.base.Target) {
		samples, failure := r.samples(ctx, p, result)
		end.StealPct = results.SpreadOf(samples, func(s *results.Sample) *float64 { return s.StealPct })
		end.ThrottledPct = results.SpreadOf(samples, func(s *results.Sample) *float64 { return s.ThrottledPct })
		err = errors.Join(err, failure)
	}
	if lost := r.w.ConfigurationEnd(end); lost != nil {
		err = errors.Join(err, errLost, lost)
	}
	return end, result, err
}

// died reports whether a server of this run ended while requests were sent to it. Its end may be seen only after the last
// of them failed.
func (r *runner) died(ctx context.Context, result *load.Result) bool {
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

// stopped says why a point did not get to its end.
func (r *runner) stopped(ctx context.Context) string {
	if r.server.Err() != nil {
		return "the server ended"
	}
	return ended(ctx)
}

// ended says why a context ended.
func ended(ctx context.Context) string {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return "the time was over"
	}
	return "interrupted"
}

// samples adds the server's own history of a configuration to the results, and returns it.
func (r *runner) samples(ctx context.Context, p results.Configuration, result *load.Result) ([]results.Sample, error) {
	// What was measured before an interruption is worth the moment that its history takes.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), historyWithin)
	defer cancel()
	source := r.client
	if r.base.Target.Address == "" {
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
	for _, s := range samples {
		s.Configuration = p.Index
		if err := r.w.Sample(s); err != nil {
			return samples, errors.Join(errLost, err)
		}
	}
	return samples, nil
}
