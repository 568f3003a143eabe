// Package experiment turns a definition into results: it starts a server process,
// puts the load of every configuration on it, and records every request.
//
// A definition is a file (package definition): what is served, which pairs are sent, and the batch
// sizes and concurrency levels, each combination of which is one configuration. Where a list stands
// for a value, every value of it is measured. Configurations with the same server settings share a
// server; others have one each. [Run] refuses a definition that this build cannot run before it
// starts anything.
//
// A definition with a target starts no server and measures the one that runs there, of this project
// or of a third party. Either is reached only over the network, as by any client: what measures and
// what is measured have no memory, scheduler or garbage collector in common.
//
// [Run] goes from plan to results in a few hops, each in a file: plan.go expands the definition to
// server processes with their configurations; serve.go starts a process; measure.go puts the load
// of one configuration on it (package load) and writes each record (package results); search.go
// looks for the highest rate within an objective; assess.go measures the quality of the scores.
//
// A configuration that fails is recorded as failed, and the others go on. The server is always
// stopped before Run returns, and what was measured is in the results file, which says whether it
// is partial, and why. A later Run can continue there.
package experiment

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/crossrank/crossrank/internal/dataset"
	"github.com/crossrank/crossrank/internal/definition"
	"github.com/crossrank/crossrank/internal/load"
	"github.com/crossrank/crossrank/internal/quality"
	"github.com/crossrank/crossrank/internal/results"
)

// Options say how an experiment is run. Sweep and Dir are required.
type Options struct {
	Sweep definition.Sweep

	// Dir is the folder of the results file and of the servers' log, both named after the
	// experiment. It is made if it is missing.
	Dir string

	// Resume keeps the configurations that the results file of an earlier run has complete, and
	// measures the others. Without it that file is replaced.
	Resume bool

	// HTTPAddr is the address of the servers' pages, one server after another; empty means a free
	// port of the loopback interface for each. No load goes over HTTP.
	HTTPAddr string

	// Report is the file in which the caller makes the report afterwards, for the pages to show;
	// empty if it makes none.
	Report string

	// Program is the crossrank program that serves; empty means the one that runs.
	Program string

	// CommandLine and Version are those of the program that measures, for the results.
	CommandLine []string
	Version     string

	// Progress, if set, is called as load.Config's Progress, with the configuration under way.
	Progress func(results.Configuration, load.Progress)

	// Serving, if set, is called with the address of a server's page when the server has started.
	Serving func(page string)

	// Measured, if set, is called with the address of the last server's page when everything is
	// measured, before that server is stopped. It is not called when the run is interrupted, or
	// when the server has exited.
	Measured func(ctx context.Context, page string)

	leastProbe time.Duration // if set, by tests: what a probe that passes takes at least
}

// Outcome says what an experiment measured, and where it is.
type Outcome struct {
	Results  string // path of the results file; empty if there is none
	Log      string // path of the servers' log; empty if no server was started
	Partial  bool   // interrupted, or a configuration failed
	Stopped  bool   // interrupted
	Failed   int    // requests that failed
	Measured int    // configurations that were measured completely
	Kept     int    // configurations of an earlier run
	Broken   int    // configurations that failed
}

// ResultsFile returns the path of an experiment's results file in a folder.
func ResultsFile(dir, name string) string { return filepath.Join(dir, name+"_results.jsonl") }

// Run runs an experiment. When ctx ends it stops in order, and the outcome is partial, without an
// error. With an error there can be an outcome, too: what was measured before is in the results
// file.
func Run(ctx context.Context, opts Options) (out Outcome, err error) {
	r, err := prepare(opts)
	if err != nil {
		return Outcome{}, err
	}
	if len(r.processes) == 0 {
		return Outcome{Results: r.path, Kept: r.out.Kept}, nil
	}
	if r.base.Target.Address == "" {
		if r.log, err = os.Create(filepath.Join(opts.Dir, r.base.Name+"_server.log")); err != nil {
			return Outcome{}, fmt.Errorf("making the server's log: %w", err)
		}
		defer func() { err = errors.Join(err, r.log.Close()) }()
		r.out.Log = r.log.Name()
	}
	err = r.run(ctx)
	if r.w != nil {
		err = errors.Join(err, r.w.Close())
	}
	return r.out, err
}

// prepare checks everything that can be checked before a server starts, and plans what is left to
// measure.
func prepare(opts Options) (*runner, error) {
	if err := Check(opts.Sweep); err != nil {
		return nil, err
	}
	base := opts.Sweep.Base()
	data, err := OpenData(base.Data)
	if err != nil {
		return nil, err
	}
	if err := cmp.Or(checkMixes(opts.Sweep, data.Pairs), checkQueries(opts.Sweep, data.Pairs)); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(opts.Dir, 0o777); err != nil {
		return nil, fmt.Errorf("making the folder of the results: %w", err)
	}
	r := &runner{opts: opts, base: base, data: data, processes: plan(opts.Sweep), path: ResultsFile(opts.Dir, base.Name)}
	if opts.Resume {
		if r.old, err = r.earlier(); err != nil {
			return nil, err
		}
	}
	if q := base.Experiment.Quality; q.Collection != "" {
		if r.task, err = quality.OpenTask(dataset.Files{Dir: q.Collection}, cmp.Or(q.Candidates, defaultCandidates)); err != nil {
			return nil, err
		}
	}
	r.keep = r.keepWithQuality(keptOf(r.processes, r.old))
	r.dropKept()
	return r, nil
}
