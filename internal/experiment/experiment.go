// Package experiment turns a definition into results: it starts a server in a process of its own, puts it under the load
// of every configuration that the definition asks for, and writes down what every request met.
//
// A definition is a settings file (package config): what serves, which pairs are sent, and the batch sizes and
// concurrency levels, each combination of which is one point. [Run] refuses a definition that this build cannot do
// before it starts anything. It reaches the server only over the network, as any client would, so that what measures
// shares no memory, no scheduler and no garbage with what is measured, beyond the machine.
//
// Whatever happens, the server is stopped before Run returns, and what was measured until then is in the results file,
// which says that it is partial, and why.
package experiment

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/crossrank/crossrank/client"
	"github.com/crossrank/crossrank/internal/config"
	"github.com/crossrank/crossrank/internal/dataset"
	"github.com/crossrank/crossrank/internal/load"
	"github.com/crossrank/crossrank/internal/machine"
	"github.com/crossrank/crossrank/internal/results"
)

const (
	readyWithin    = 2 * time.Minute // a server reads its model; built-in weights are made meanwhile
	exitGrace      = 15 * time.Second
	requestTimeout = 5 * time.Minute // a request that takes so long is a hang
)

// Options say how an experiment is run. Settings and Dir are required.
type Options struct {
	Settings config.Settings

	// Dir is where the results file and the server's log go, named after the experiment. It is made if need be.
	Dir string

	// Program is the crossrank to serve with; empty means the program that runs.
	Program string

	// CommandLine and Version are those of the program that measures, for the results.
	CommandLine []string
	Version     string

	// Progress, if set, is called as load.Config's, with the point under way.
	Progress func(results.Point, load.Progress)
}

// Outcome is where an experiment left what it measured.
type Outcome struct {
	Results string // path of the results file; empty if nothing was begun
	Log     string // path of the server's log
	Partial bool   // stopped before its end
	Failed  int    // requests that failed
}

// Run runs an experiment. When ctx ends it stops in order, and the outcome is partial, without an error. An error can
// come beside an outcome: what was measured before it is in the results file.
func Run(ctx context.Context, opts Options) (out Outcome, err error) {
	if err := Check(opts.Settings); err != nil {
		return Outcome{}, err
	}
	data, err := OpenData(opts.Settings.Data)
	if err != nil {
		return Outcome{}, err
	}
	if err := os.MkdirAll(opts.Dir, 0o777); err != nil {
		return Outcome{}, fmt.Errorf("making the results' folder: %w", err)
	}
	at := filepath.Join(opts.Dir, opts.Settings.Name)
	log, err := os.Create(at + "_server.log")
	if err != nil {
		return Outcome{}, fmt.Errorf("making the server's log: %w", err)
	}
	defer func() { err = errors.Join(err, log.Close()) }()

	srv, err := serve(ctx, opts, log)
	if err != nil {
		return Outcome{Log: log.Name()}, err
	}
	defer func() { err = errors.Join(err, srv.stop()) }()

	w, err := results.Create(at + "_results.jsonl")
	if err != nil {
		return Outcome{Log: log.Name()}, err
	}
	defer func() { err = errors.Join(err, w.Close()) }()

	r := &runner{opts: opts, data: data, server: srv, w: w}
	r.out = Outcome{Results: at + "_results.jsonl", Log: log.Name()}
	err = r.run(ctx)
	return r.out, err
}

// serve starts the server with the part of the settings that is a server's.
func serve(ctx context.Context, opts Options, log *os.File) (*server, error) {
	program := opts.Program
	if program == "" {
		var err error
		if program, err = os.Executable(); err != nil {
			return nil, fmt.Errorf("finding this program, to serve with: %w", err)
		}
	}
	file, err := writeServerSettings(opts.Settings)
	if err != nil {
		return nil, err
	}
	defer os.Remove(file) // it was read by the time that the server is ready
	return startServer(ctx, serverConfig{
		Program: program,
		Args:    []string{"serve", "--config", file, "--grpc-addr", "127.0.0.1:0", "--http-addr", "127.0.0.1:0"},
		Log:     log,
		Within:  readyWithin,
		Grace:   exitGrace,
	})
}

// runner measures one point after another against a server that runs.
type runner struct {
	opts   Options
	data   *dataset.Set
	server *server
	w      *results.Writer
	client *client.Client
	out    Outcome
}

func (r *runner) run(ctx context.Context) error {
	ctx, release := r.server.during(ctx)
	defer release()
	target := "grpc://" + r.server.GRPC
	c, err := client.Dial(target, client.Options{})
	if err != nil {
		return fmt.Errorf("reaching the server: %w", err)
	}
	defer c.Close()
	r.client = c
	info, err := c.Info(ctx)
	if err != nil {
		return fmt.Errorf("asking the server for its model: %w", cmp.Or(r.server.failure(), err))
	}
	settings, err := json.Marshal(r.opts.Settings)
	if err != nil {
		return fmt.Errorf("encoding the settings: %w", err)
	}
	err = r.w.Run(results.Run{
		Name: r.opts.Settings.Name, Description: r.opts.Settings.Description, Started: time.Now(),
		Settings: settings, Model: info, Target: target, Loop: "closed",
		CommandLine: r.opts.CommandLine, Version: r.opts.Version,
		Data:    Provenance(r.data),
		Machine: results.Machine(machine.Here()),
	})
	if err != nil {
		return err
	}
	reason, err := r.points(ctx)
	r.out.Partial = reason != ""
	end := results.End{Time: time.Now(), Complete: reason == "", Reason: reason}
	return errors.Join(err, r.w.End(end))
}

// points measures every point, or says why it stopped before the last one.
func (r *runner) points(ctx context.Context) (reason string, err error) {
	points := Points(r.opts.Settings)
	for i, p := range points {
		end, err := r.measure(ctx, p)
		if err == nil && !end.Complete {
			return fmt.Sprintf("%s in configuration %d of %d", end.Reason, i+1, len(points)), r.server.failure()
		}
		if err != nil {
			return fmt.Sprintf("stopped in configuration %d of %d: %v", i+1, len(points), err), err
		}
	}
	return "", nil
}

// measure measures one point. The end that it returns is in the results file already.
func (r *runner) measure(ctx context.Context, p results.Point) (results.PointEnd, error) {
	if err := r.w.Point(p); err != nil {
		return results.PointEnd{}, err
	}
	cfg := load.Config{
		Pairs: r.data.Pairs, Batch: p.Batch, Concurrency: p.Concurrency, Requests: p.Requests, Warmup: p.Warmup,
		Duration: time.Duration(r.opts.Settings.Experiment.Duration), Timeout: requestTimeout,
		Record: func(req results.Request) error {
			req.Point = p.Index
			return r.w.Request(req)
		},
	}
	if r.opts.Progress != nil {
		cfg.Progress = func(u load.Progress) { r.opts.Progress(p, u) }
	}
	result, err := load.Run(ctx, r.client, cfg)
	r.out.Failed += result.Failed()
	end := results.PointEnd{Point: p.Index, Began: result.Began, Elapsed: result.Elapsed, Abandoned: result.Abandoned}
	switch {
	case ctx.Err() != nil && result.Partial:
		end.Reason, err = r.stopped(ctx), nil
	case err != nil:
		end.Reason = err.Error()
	default:
		end.Complete = true
	}
	if result.Requests > 0 && r.server.failure() == nil {
		err = errors.Join(err, r.samples(ctx, p, result))
	}
	return end, errors.Join(err, r.w.PointEnd(end))
}

// stopped says why a point did not get to its end.
func (r *runner) stopped(ctx context.Context) string {
	if r.server.failure() != nil {
		return "the server ended"
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return "the time was over"
	}
	return "interrupted"
}

// samples adds the server's own history of a point to the results.
func (r *runner) samples(ctx context.Context, p results.Point, result *load.Result) error {
	// What was measured before an interruption is worth the moment that its history takes.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), historyWithin)
	defer cancel()
	samples, err := history(ctx, r.server.HTTP, result.Began, result.Began.Add(result.Elapsed))
	if err != nil {
		return fmt.Errorf("reading the server's history: %w", err)
	}
	for _, s := range samples {
		s.Point = p.Index
		if err := r.w.Sample(s); err != nil {
			return err
		}
	}
	return nil
}
