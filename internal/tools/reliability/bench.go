package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os/exec"
	"strings"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/dataset"
	"github.com/crossrank/crossrank/internal/machine"
	"github.com/crossrank/crossrank/internal/tools/docgen"
)

// step measures some of the goals. When ctx ends it returns soon, having reported what it has as partial.
type step struct {
	suite, name, title string
	how                string // in prose, for the page
	run                func(ctx context.Context, b *bench) error
}

// names are those of a suite's steps.
func names(suite string) (list []string) {
	for _, s := range steps {
		if s.suite == suite {
			list = append(list, s.name)
		}
	}
	return list
}

// choose gives the steps of a suite, or those of them that were asked for.
func choose(suite, only string) (chosen []step, err error) {
	wanted := names(suite)
	if only != "" {
		wanted = strings.Split(only, ",")
	}
	for _, name := range wanted {
		found := false
		for _, s := range steps {
			if s.suite == suite && s.name == name {
				chosen, found = append(chosen, s), true
			}
		}
		if !found {
			return nil, fmt.Errorf("%s has no step %q; it has %s", suite, name, strings.Join(names(suite), ", "))
		}
	}
	return chosen, nil
}

// bench is what the steps work with. They run one after another.
type bench struct {
	options
	log   io.Writer
	pairs []crossrank.Pair
	about run
	began time.Time

	ctx     context.Context // of the step that runs, to know what is partial
	records []record        // of the step that runs
}

func newBench(ctx context.Context, o options, command string, log io.Writer) (*bench, error) {
	version, err := exec.CommandContext(ctx, o.program, "version").Output()
	if err != nil {
		return nil, fmt.Errorf("asking %s for its version, which make build makes: %w", o.program, err)
	}
	b := &bench{options: o, log: log, pairs: dataset.Synthetic(4096, 1).Pairs, began: time.Now()}
	b.about = run{
		Date: b.began.UTC().Truncate(time.Second), Command: command, Machine: machine.Here(),
		Version: strings.TrimSpace(strings.TrimPrefix(string(version), "crossrank ")), Commit: revision(ctx),
	}
	return b, nil
}

// revision is the commit of the working directory, if git tells.
func revision(ctx context.Context) string {
	out, err := exec.CommandContext(ctx, "git", "describe", "--always", "--dirty", "--abbrev=10").Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}

// runAll runs steps and writes the results after each. A step that fails does not keep the others from running.
func (b *bench) runAll(ctx context.Context, chosen []step) error {
	var failed []error
	for _, s := range chosen {
		if ctx.Err() != nil {
			break
		}
		b.say("== %s", s.title)
		b.ctx, b.records = ctx, nil
		if err := s.run(ctx, b); err != nil && ctx.Err() == nil {
			b.say("%s: %v", s.name, err)
			failed = append(failed, fmt.Errorf("%s: %w", s.name, err))
		}
		if err := b.write(); err != nil {
			return errors.Join(append(failed, err)...)
		}
	}
	if err := ctx.Err(); err != nil {
		failed = append(failed, errors.New("stopped; what was measured is written, that of the last step as partial"))
	}
	return errors.Join(failed...)
}

// write puts the step's records into the results and the page.
func (b *bench) write() error {
	old, err := readRecords(b.results)
	if err != nil {
		return err
	}
	all := merge(old, b.records)
	if err := docgen.WriteRecords(b.results, all); err != nil {
		return err
	}
	if all, err = readRecords(b.results); err != nil {
		return err
	}
	return part.Update(b.page, page(all))
}

// report notes what was measured of a goal.
func (b *bench) report(r record) {
	r.Run, r.Partial = b.about, b.ctx.Err() != nil
	if math.IsNaN(r.Value) || math.IsInf(r.Value, 0) {
		r.Value, r.Margin, r.Fault = 0, 0, strings.TrimPrefix(r.Fault+"; there was nothing to measure", "; ")
	}
	if math.IsNaN(r.Margin) || math.IsInf(r.Margin, 0) {
		r.Margin = 0
	}
	b.records = append(b.records, r)
	g := goalOf(r.Goal)
	why := ""
	if r.Fault != "" {
		why = "; " + r.Fault
	}
	b.say("   %s: %s (target %s): %s%s", g.what, g.figure(r), g.target, g.judge(r), why)
}

// say prints progress, with the time since the beginning.
func (b *bench) say(format string, args ...any) {
	fmt.Fprintf(b.log, "%6.1fs %s\n", time.Since(b.began).Seconds(), fmt.Sprintf(format, args...))
}

// pause waits, unless ctx ends first.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
