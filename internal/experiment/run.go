package experiment

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/client"
	"github.com/crossrank/crossrank/internal/dataset"
	"github.com/crossrank/crossrank/internal/definition"
	"github.com/crossrank/crossrank/internal/quality"
	"github.com/crossrank/crossrank/internal/results"
	"github.com/crossrank/crossrank/internal/serverproc"
)

// runner measures one server process after another. The results file begins when the first server
// runs, since it names the model.
type runner struct {
	opts      Options
	base      definition.Settings
	data      *dataset.Set
	path      string           // of the results file
	old       *results.Results // of an earlier run; nil to measure everything
	keep      map[string]bool  // keys of the configurations that are copied from there
	processes []process        // what is left to measure
	total     int              // configurations, kept ones included
	log       *os.File         // of the servers

	// The server that runs; nil between servers.
	server   *serverproc.Process
	client   *client.Client
	scorer   crossrank.Scorer // the client, with requests as the data asks for them
	judged   crossrank.Scorer // the client, with the requests whose scores' quality is measured
	progress *progressReporter

	quantization string // of the server's model, as the server says

	// The configuration under way.
	mixed  [][]crossrank.Pair // its requests, if they are a mix
	steady *steadyState       // if it is asked for

	w    *results.Writer // nil until a server runs
	next int             // index of the next configuration
	done int             // configurations started, or kept
	out  Outcome

	task     *quality.Task // whose candidates the scores rank; nil without a collection
	assessed []assessment
}

// errLost says that results cannot be written any more.
var errLost = errors.New("the results cannot be written")

// dropKept removes what is kept from the plan.
func (r *runner) dropKept() {
	kept := func(c configuration) bool { return r.keep[c.Key] }
	left := 0
	for i := range r.processes {
		p := &r.processes[i]
		r.total += len(p.configurations)
		p.configurations = slices.DeleteFunc(p.configurations, kept)
		left += len(p.configurations)
	}
	r.out.Kept = r.total - left
	r.done = r.out.Kept
	r.processes = slices.DeleteFunc(r.processes, func(p process) bool { return len(p.configurations) == 0 })
}

// run measures what is planned, and ends the results.
func (r *runner) run(ctx context.Context) error {
	var failed []error
	for i, p := range r.processes {
		err := r.measureProcess(ctx, p, i == len(r.processes)-1)
		failed = append(failed, err)
		if ctx.Err() != nil || errors.Is(err, errLost) {
			break
		}
	}
	if r.w != nil && ctx.Err() == nil {
		failed = append(failed, r.writeQuality())
	}
	err := errors.Join(failed...)
	if r.w == nil {
		r.out.Broken = 0 // nothing is on record
		if err == nil {
			err = context.Cause(ctx)
		}
		return err
	}
	return errors.Join(err, r.w.End(r.end(ctx, err)))
}

// end is the last line of the results, and completes the outcome.
func (r *runner) end(ctx context.Context, err error) results.End {
	out := &r.out
	out.Stopped = ctx.Err() != nil && out.Measured+out.Kept+out.Broken < r.total
	out.Partial = out.Stopped || out.Broken > 0 || err != nil
	end := results.End{Time: time.Now(), Complete: !out.Partial}
	switch {
	case out.Stopped:
		end.Reason = fmt.Sprintf("%s in configuration %d of %d", stopReason(ctx), max(r.done, 1), r.total)
	case out.Broken > 0:
		end.Reason = fmt.Sprintf("%d of %d configurations failed", out.Broken, r.total)
	case err != nil:
		end.Reason = err.Error()
	}
	return end
}

// measureProcess measures the configurations of one server process. A server that dies is started
// again for those that are left. Afterwards there is none.
func (r *runner) measureProcess(ctx context.Context, p process, last bool) (err error) {
	defer func() {
		r.announceEnd(ctx, last || errors.Is(err, errLost))
		err = errors.Join(err, r.stopServer())
	}()
	var failed []error
	first := r.next
	for i, c := range p.configurations {
		if ctx.Err() != nil {
			break
		}
		if r.server == nil || r.server.Err() != nil {
			if err := errors.Join(r.stopServer(), r.startServer(ctx, p.settings)); err != nil {
				// The others would fail for the same reason.
				return errors.Join(append(failed, err, r.refuse(ctx, p.configurations[i:], err))...)
			}
		}
		r.done++
		r.progress.begin(r.done, &c.Configuration)
		complete, err := r.measureConfiguration(ctx, c)
		switch {
		case errors.Is(err, errLost):
			return errors.Join(append(failed, err)...)
		case err != nil:
			r.out.Broken++
			failed = append(failed, fmt.Errorf("%s: %w", c.Name(), err))
		case complete:
			r.out.Measured++
		}
	}
	if ctx.Err() == nil && p.configurations[0].Repeat == 0 && r.next > first && r.server.Err() == nil {
		failed = append(failed, r.assess(ctx, p, first))
	}
	return errors.Join(failed...)
}

// refuse records configurations whose server did not start.
func (r *runner) refuse(ctx context.Context, configurations []configuration, why error) error {
	if ctx.Err() != nil {
		return nil
	}
	r.out.Broken += len(configurations)
	r.done += len(configurations)
	if r.w == nil {
		return nil
	}
	for _, c := range configurations {
		numbered := r.number(c.Configuration)
		end := results.ConfigurationEnd{Configuration: numbered.Index, Began: time.Now(), Reason: why.Error()}
		if err := errors.Join(r.w.Configuration(numbered), r.w.ConfigurationEnd(end)); err != nil {
			return errors.Join(errLost, err)
		}
	}
	return nil
}

// number gives a configuration its index in the results.
func (r *runner) number(c results.Configuration) results.Configuration {
	c.Index = r.next
	r.next++
	return c
}

// stopReason says why a context ended.
func stopReason(ctx context.Context) string {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return "the time was over"
	}
	return "interrupted"
}
