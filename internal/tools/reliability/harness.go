package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/dataset"
	"github.com/crossrank/crossrank/internal/machine"
	"github.com/crossrank/crossrank/internal/tools/docgen"
)

// step measures some of the goals. When ctx ends it returns soon, and what it has reported is
// partial.
type step struct {
	suite, name, title string
	how                string // prose for the page
	run                func(ctx context.Context, h *harness) error
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

// choose returns the steps of a suite, or those of them that only names.
func choose(suite, only string) (chosen []step, err error) {
	wanted := names(suite)
	if only != "" {
		wanted = strings.Split(only, ",")
	}
	for _, name := range wanted {
		i := slices.IndexFunc(steps, func(s step) bool { return s.suite == suite && s.name == name })
		if i < 0 {
			return nil, fmt.Errorf("%s has no step %q; it has %s", suite, name, strings.Join(names(suite), ", "))
		}
		chosen = append(chosen, steps[i])
	}
	return chosen, nil
}

// harness is what the steps have in common. They run one after another.
type harness struct {
	options
	log   io.Writer
	pairs []crossrank.Pair
	about run
	began time.Time

	ctx     context.Context // of the step that runs, to know what is partial
	records []record        // of the step that runs
}

func newHarness(ctx context.Context, o options, command string, log io.Writer) (*harness, error) {
	version, err := exec.CommandContext(ctx, o.program, "version").Output()
	if err != nil {
		return nil, fmt.Errorf("asking %s for its version, which make build makes: %w", o.program, err)
	}
	h := &harness{options: o, log: log, pairs: dataset.Synthetic(4096, 1).Pairs, began: time.Now()}
	h.about = run{
		Date: h.began.UTC().Truncate(time.Second), Command: command, Machine: machine.Here(),
		Version: strings.TrimSpace(strings.TrimPrefix(string(version), "crossrank ")), Commit: revision(ctx),
	}
	return h, nil
}

// revision is the commit of the working directory, if git knows.
func revision(ctx context.Context) string {
	out, err := exec.CommandContext(ctx, "git", "describe", "--always", "--dirty", "--abbrev=10").Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}

// runAll runs steps and writes the results after each. After a step that fails, the others still
// run.
func (h *harness) runAll(ctx context.Context, chosen []step) error {
	var failed []error
	for _, s := range chosen {
		if ctx.Err() != nil {
			break
		}
		h.say("== %s", s.title)
		h.ctx, h.records = ctx, nil
		if err := s.run(ctx, h); err != nil && ctx.Err() == nil {
			h.say("%s: %v", s.name, err)
			failed = append(failed, fmt.Errorf("%s: %w", s.name, err))
		}
		if err := h.write(); err != nil {
			return errors.Join(append(failed, err)...)
		}
	}
	if err := ctx.Err(); err != nil {
		failed = append(failed, errors.New("stopped; what was measured is written, that of the last step as partial"))
	}
	return errors.Join(failed...)
}

// write puts the step's records into the results and the page.
func (h *harness) write() error {
	old, err := readRecords(h.results)
	if err != nil {
		return err
	}
	all := merge(old, h.records)
	if err := docgen.WriteRecords(h.results, all); err != nil {
		return err
	}
	if all, err = readRecords(h.results); err != nil {
		return err
	}
	return part.Update(h.page, page(all))
}

// report records what was measured of a goal.
func (h *harness) report(r record) {
	r.Run, r.Partial = h.about, h.ctx.Err() != nil
	if math.IsNaN(r.Value) || math.IsInf(r.Value, 0) {
		r.Value, r.Margin, r.Fault = 0, 0, strings.TrimPrefix(r.Fault+"; nothing was measured", "; ")
	}
	if math.IsNaN(r.Margin) || math.IsInf(r.Margin, 0) {
		r.Margin = 0
	}
	h.records = append(h.records, r)
	g := goalOf(r.Goal)
	why := ""
	if r.Fault != "" {
		why = "; " + r.Fault
	}
	h.say("   %s: %s (target %s): %s%s", g.what, g.figure(r), g.target, g.verdict(r), why)
}

// say prints progress, with the time since the beginning.
func (h *harness) say(format string, args ...any) {
	fmt.Fprintf(h.log, "%6.1fs %s\n", time.Since(h.began).Seconds(), fmt.Sprintf(format, args...))
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
