// Package experiment turns a definition into results: it starts a server in a process of its own, puts it under the load
// of every configuration that the definition asks for, and writes down what every request met.
//
// A definition is a settings file (package config): what serves, which pairs are sent, and the batch sizes and
// concurrency levels, each combination of which is one point. Where a list stands in place of a scalar, every value of it
// is measured; points whose servers' settings are the same share one server, others get one each. [Run] refuses a
// definition that this build cannot do before it starts anything. A definition with a target starts no server, and measures
// the one that runs there, of this project or another maker's. Either is reached only over the network, as any client would, so that what measures shares no memory, no scheduler and no garbage with what is measured, beyond the
// machine.
//
// A point that fails is recorded as failed and the others go on. Whatever happens, the server is stopped before Run
// returns, and what was measured until then is in the results file, which says that it is partial, and why; a later Run
// can take up from there.
package experiment

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/crossrank/crossrank/internal/definition"
	"github.com/crossrank/crossrank/internal/load"
	"github.com/crossrank/crossrank/internal/quality"
	"github.com/crossrank/crossrank/internal/results"
)

// Options say how an experiment is run. Sweep and Dir are required.
type Options struct {
	Sweep definition.Sweep

	// Dir is where the results file and the server's log go, named after the experiment. It is made if need be.
	Dir string

	// Resume keeps the configurations that are whole in the results file of an earlier run, and measures the others.
	// Without it that file is replaced.
	Resume bool

	// HTTPAddr is where the servers' pages are, one server after another; empty means a free port of the loopback interface
	// for each. HTTP carries no load.
	HTTPAddr string

	// Report is the file that the caller makes the report in afterwards, which pages tell of; empty if it makes none.
	Report string

	// Program is the crossrank to serve with; empty means the program that runs.
	Program string

	// CommandLine and Version are those of the program that measures, for the results.
	CommandLine []string
	Version     string

	// Progress, if set, is called as load.Config's, with the point under way.
	Progress func(results.Configuration, load.Progress)

	// Serving, if set, is called with the address of its page when a server has started.
	Serving func(page string)

	// Measured, if set, is called with the address of the last server's page when nothing is left to measure, before that
	// server is stopped. It is not called when the run is stopped from outside, or when the server is gone.
	Measured func(ctx context.Context, page string)

	leastProbe time.Duration // if set, by tests: what a probe that passes takes at least
}

// Outcome is where an experiment left what it measured.
type Outcome struct {
	Results  string // path of the results file; empty if nothing was begun
	Log      string // path of the server's log; empty if no server was started
	Partial  bool   // stopped before its end, or a configuration failed
	Stopped  bool   // from outside, before its end
	Failed   int    // requests that failed
	Measured int    // configurations that were measured whole
	Kept     int    // configurations that an earlier run had measured
	Broken   int    // configurations that failed
}

// ResultsFile is where the results of an experiment of that name lie in a folder.
func ResultsFile(dir, name string) string { return filepath.Join(dir, name+"_results.jsonl") }

// Run runs an experiment. When ctx ends it stops in order, and the outcome is partial, without an error. An error can
// come beside an outcome: what was measured before it is in the results file.
func Run(ctx context.Context, opts Options) (out Outcome, err error) {
	if err := Check(opts.Sweep); err != nil {
		return Outcome{}, err
	}
	base := opts.Sweep.Base()
	data, err := OpenData(base.Data)
	if err != nil {
		return Outcome{}, err
	}
	if err := checkMixes(opts.Sweep, data.Pairs); err != nil {
		return Outcome{}, err
	}
	if err := checkQueries(opts.Sweep, data.Pairs); err != nil {
		return Outcome{}, err
	}
	if err := os.MkdirAll(opts.Dir, 0o777); err != nil {
		return Outcome{}, fmt.Errorf("making the results' folder: %w", err)
	}
	r := &runner{opts: opts, base: base, data: data, processes: plan(opts.Sweep), path: ResultsFile(opts.Dir, base.Name)}
	if opts.Resume {
		if r.old, err = r.earlier(); err != nil {
			return Outcome{}, err
		}
	}
	if q := base.Experiment.Quality; q.Collection != "" {
		if r.task, err = quality.OpenTask(q.Collection, cmp.Or(q.Candidates, defaultCandidates)); err != nil {
			return Outcome{}, err
		}
	}
	r.keep = r.keepWithQuality(keptOf(r.processes, r.old))
	if r.dropKept(); len(r.processes) == 0 {
		return Outcome{Results: r.path, Kept: r.out.Kept}, nil
	}
	if base.Target.Address == "" {
		if r.log, err = os.Create(filepath.Join(opts.Dir, base.Name+"_server.log")); err != nil {
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
