package main

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/crossrank/crossrank/internal/definition"
	"github.com/crossrank/crossrank/internal/experiment"
	"github.com/crossrank/crossrank/internal/results"
	"github.com/crossrank/crossrank/internal/summary"
)

func newExperimentRunAllCommand() *cobra.Command {
	var opts experimentOptions
	var dir string
	var force bool
	cmd := &cobra.Command{
		Use:   "run-all",
		Short: "Run every experiment that this build can run",
		Long: `Run-all runs the experiments of the folder experiments, or without it those of the program's
catalogue, one after another. Those that this build cannot run are skipped, and the table at the end
says why. Configurations that an earlier run
finished are kept, so an interrupted run continues where it was; --force measures all of them
again. A configuration or an experiment that fails is recorded as failed, and the others go on;
the exit code is then 1.`,
		Example: `  $ crossrank experiment run-all --dry-run
  $ crossrank experiment run-all --data pairs.jsonl -o results`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			opts.resume = !force
			return runAllExperiments(cmd, dir, opts)
		},
	}
	opts.flags(cmd)
	experimentDirFlag(cmd, &dir)
	cmd.Flags().BoolVar(&force, "force", false, "new measurement of configurations that an earlier run finished")
	return cmd
}

// verdict is what became of an experiment.
type verdict struct {
	name, state, detail string
}

func runAllExperiments(cmd *cobra.Command, dir string, opts experimentOptions) error {
	if err := opts.check(); err != nil {
		return err
	}
	defs, err := listExperiments(dir)
	if err != nil {
		return err
	}
	if len(defs) == 0 {
		return fmt.Errorf("there are no experiments in %s", cmp.Or(dir, experimentsDir))
	}
	var verdicts []verdict
	failed, total := 0, time.Duration(0)
	for _, d := range defs {
		v := verdict{name: strings.TrimSuffix(filepath.Base(d.File), filepath.Ext(d.File))}
		switch {
		case d.Err != nil:
			v.state, v.detail = "failed", oneLine(d.Err.Error())
		case len(d.Needs) > 0:
			v.state, v.detail = "skipped", strings.Join(d.Needs, "; ")
		case opts.fits(d.Sweep) != nil:
			v.state, v.detail = "skipped", opts.fits(d.Sweep).Error()
		case cmd.Context().Err() != nil:
			v.state, v.detail = "skipped", "interrupted before it began"
		case opts.dry:
			takes, err := writePlan(cmd.OutOrStdout(), opts.apply(d.Sweep), opts)
			if err != nil {
				return err
			}
			total += takes
			continue
		default:
			v.state, v.detail = runOne(cmd, opts.apply(d.Sweep), opts)
		}
		if v.state == "failed" {
			failed++
		}
		verdicts = append(verdicts, v)
	}
	if total > 0 {
		fmt.Fprintf(cmd.OutOrStdout(), "all of them: about %v\n", total.Round(time.Second))
	}
	if err := writeVerdicts(cmd.ErrOrStderr(), verdicts); err != nil {
		return err
	}
	switch {
	case cmd.Context().Err() != nil:
		return fmt.Errorf("interrupted; the same command goes on from here")
	case failed > 0:
		return fmt.Errorf("%d of %d experiments failed", failed, len(defs))
	}
	return nil
}

// runOne runs an experiment and says what became of it.
func runOne(cmd *cobra.Command, sweep definition.Sweep, opts experimentOptions) (state, detail string) {
	out, err := measureExperiment(cmd, sweep, opts)
	counts := fmt.Sprintf("%d measured, %d kept, %d failed", out.Measured, out.Kept, out.Broken)
	switch {
	case out.Stopped:
		return "skipped", "interrupted: " + counts
	case err != nil:
		return "failed", counts + ": " + oneLine(err.Error())
	}
	return "passed", counts
}

func writeVerdicts(w io.Writer, verdicts []verdict) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "EXPERIMENT\tSTATE\tDETAIL")
	for _, v := range verdicts {
		fmt.Fprintf(t, "%s\t%s\t%s\n", v.name, v.state, v.detail)
	}
	return t.Flush()
}

// assumedSpeed is the pairs per second of an estimate without earlier results.
const assumedSpeed = 200

// writePlan prints the configurations of an experiment, and returns the estimated time.
func writePlan(w io.Writer, sweep definition.Sweep, opts experimentOptions) (time.Duration, error) {
	speed, why := opts.speed, "from --pairs-per-second"
	if speed <= 0 {
		if speed, why = earlierSpeed(opts.dir), "the mean of earlier results"; speed <= 0 {
			speed, why = assumedSpeed, "assumed: no earlier results"
		}
	}
	configurations := experiment.Configurations(sweep)
	for _, c := range configurations {
		fmt.Fprintf(w, "%s  %3d  server %d  %s\n", sweep.Base().Name, c.Index+1, c.Process+1, c.Name())
	}
	n := experiment.Processes(sweep)
	servers := fmt.Sprintf(", %d server process%s", n, mark(n != 1, "es"))
	if t := sweep.Base().Target; t.Address != "" {
		servers = " of the server at " + t.Address
	}
	takes := experiment.Estimate(sweep, speed)
	_, err := fmt.Fprintf(w, "%s: %s%s, about %v at %.0f pairs/s (%s)\n", sweep.Base().Name, plural(len(configurations), "configuration"),
		servers, takes.Round(time.Second), speed, why)
	return takes, err
}

// earlierSpeed is the mean throughput of the configurations in the results of a folder, or 0 if
// there are none.
func earlierSpeed(dir string) float64 {
	files, err := filepath.Glob(filepath.Join(dir, "*_results.jsonl"))
	if err != nil {
		return 0
	}
	var sum float64
	n := 0
	for _, file := range files {
		if info, err := os.Stat(file); err != nil || info.Size() > 64<<20 {
			continue
		}
		res, err := results.ReadFile(file)
		if err != nil {
			continue
		}
		for _, c := range summary.Of(res).Configurations {
			if c.PairsPerSecond.Measured() {
				sum += float64(c.PairsPerSecond)
				n++
			}
		}
	}
	if n == 0 {
		return 0
	}
	return sum / float64(n)
}
