package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/crossrank/crossrank/experiments"
	"github.com/crossrank/crossrank/internal/definition"
	"github.com/crossrank/crossrank/internal/experiment"
	"github.com/crossrank/crossrank/internal/load"
	"github.com/crossrank/crossrank/internal/outfile"
	"github.com/crossrank/crossrank/internal/report"
	"github.com/crossrank/crossrank/internal/results"
	"github.com/crossrank/crossrank/internal/summary"
)

const (
	experimentsDir = "experiments"
	resultsDir     = "results"
)

func newExperimentCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "experiment",
		Short: "Run experiments against a server and report them",
		Long: `An experiment is a YAML file that defines what is served, which pairs are sent, and which batch
sizes and concurrency levels are measured. A run starts a server process, sends it load over gRPC,
stops it, and writes a report. With a target, a run measures a server that is already running,
over gRPC or with a third-party HTTP API.`,
		Example: `  $ crossrank experiment list
  $ crossrank experiment run 01_engine_fp32`,
	}
	cmd.AddCommand(newExperimentRunCommand(), newExperimentRunAllCommand(), newExperimentListCommand(), newExperimentImportCommand())
	return group(cmd)
}

type experimentOptions struct {
	model  string
	data   string
	judged string // a collection
	dir    string
	page   string // address of the servers' pages
	resume bool
	dry    bool
	speed  float64 // pairs per second for the estimate of a dry run
}

func (o *experimentOptions) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVarP(&o.model, "model", "m", "", modelUsage+"; empty = the definition's")
	pullFlag(cmd)
	f.StringVar(&o.data, "data", "", "JSONL file of pairs to send instead of the definition's")
	f.StringVar(&o.judged, "collection", "", "folder of a judged collection, for definitions that measure quality")
	f.StringVarP(&o.dir, "output", "o", resultsDir, "folder for the results, the report and the server's log")
	f.StringVar(&o.page, "http-addr", "127.0.0.1:0", "listen address for the servers' live pages, host:port; port 0 = free ports")
	f.BoolVar(&o.dry, "dry-run", false, "plan only: what would be measured, and about how long it would take")
	f.Float64Var(&o.speed, "pairs-per-second", 0,
		"speed for the estimate of a dry run; 0 = the mean of earlier results, or 200")
}

func (o *experimentOptions) check() error {
	if !(o.speed >= 0) {
		return usageError("--pairs-per-second is %g; it must be at least 0", o.speed)
	}
	return nil
}

func newExperimentRunCommand() *cobra.Command {
	var opts experimentOptions
	cmd := &cobra.Command{
		Use:   "run FILE [KEY=VALUE...]",
		Short: "Run an experiment and report it",
		Long: `Run measures every configuration of the experiment that FILE defines. FILE may also be the bare
name of one in the folder experiments or, without such a folder, of one in the program's catalogue.
KEY=VALUE overrides a setting of the definition: KEY is its path, or its last key if no other
setting has the same, and VALUE is YAML, so that a list sweeps.

The folder -o receives, under the experiment's name: the results, one line per request, as they
happen; the report made from them, as Markdown and as HTML; and the server's log. Files of an
earlier run are replaced, unless --resume keeps the configurations that it finished.

Every server that is started shows a live page with the progress of the experiment; its address
goes to standard error.

The report's path goes to standard output; progress and the summary go to standard error. Ctrl-C
stops the server, keeps what was measured, and marks the results and the report as partial; the
exit code is then 1. A configuration that fails is recorded as failed, and the others go on.`,
		Example: `  $ crossrank experiment run 01_engine_fp32
  $ crossrank experiment run 06_concurrency batch_sizes=[8,16] quantization=int8
  $ crossrank experiment run experiments/01_engine_fp32.yaml --data pairs.jsonl -o out
  $ crossrank experiment run 05_batch_size --dry-run
  $ crossrank experiment run 01_engine_fp32 --http-addr 127.0.0.1:8080`,
		Args: oneOrMore("FILE"),
		RunE: func(cmd *cobra.Command, args []string) error { return runExperiment(cmd, args[0], args[1:], opts) },
	}
	opts.flags(cmd)
	cmd.Flags().BoolVar(&opts.resume, "resume", false, "continuation of an earlier run: configurations that it finished are kept")
	return cmd
}

func runExperiment(cmd *cobra.Command, name string, overrides []string, opts experimentOptions) error {
	if err := opts.check(); err != nil {
		return err
	}
	sweep, err := loadDefinition(name, overrides, opts)
	if err != nil {
		return err
	}
	if err := experiment.Check(sweep); err != nil {
		return err
	}
	if err := opts.fits(sweep); err != nil {
		return err
	}
	switch base := sweep.Base(); {
	case base.Target.Address != "" && cmd.Flags().Changed("pull"):
		return usageError("--pull has no effect: the experiment has a target and starts no server; leave it out")
	case opts.judged != "" && base.Experiment.Quality == (definition.Quality{}):
		return usageError("--collection has no effect: %s measures no quality; set experiment.quality, or leave the flag out", name)
	}
	if opts.dry {
		_, err := writePlan(cmd.OutOrStdout(), sweep, opts)
		return err
	}
	out, err := measureExperiment(cmd, sweep, opts)
	switch {
	case err != nil:
		return err
	case out.Stopped:
		return fmt.Errorf("interrupted: the results and the report are partial")
	case out.Failed > 0 && sweep.Base().Experiment.Objective == (definition.Objective{}):
		return fmt.Errorf("%d requests failed; see the report", out.Failed)
	}
	return nil
}

// measureExperiment runs an experiment that can be run, and makes its report.
func measureExperiment(cmd *cobra.Command, sweep definition.Sweep, opts experimentOptions) (experiment.Outcome, error) {
	stderr := cmd.ErrOrStderr()
	settings := sweep.Base()
	if settings.Target.Address == "" {
		for _, v := range sweep.Variants {
			if err := ensureModels(cmd, servedModels(v.Settings.Settings)...); err != nil {
				return experiment.Outcome{}, err
			}
		}
	}
	what := "model " + settings.Primary().Model
	if t := settings.Target; t.Address != "" {
		what = "the server at " + t.Address
	}
	fmt.Fprintf(stderr, "%s: %s, %s\n", settings.Name, plural(len(experiment.Configurations(sweep)), "configuration"), what)
	file := experiment.ResultsFile(opts.dir, settings.Name)
	bar := newProgress(stderr)
	index := -1
	out, runErr := experiment.Run(cmd.Context(), experiment.Options{
		Sweep:       sweep,
		Dir:         opts.dir,
		Resume:      opts.resume,
		HTTPAddr:    opts.page,
		Report:      strings.TrimSuffix(file, filepath.Ext(file)) + ".html",
		CommandLine: os.Args,
		Version:     programVersion(),
		Progress: func(c results.Configuration, u load.Progress) {
			if c.Index != index {
				index = c.Index
				bar.begin(strings.ReplaceAll(c.Name(), "=", " "))
			}
			bar.update(u)
		},
		Serving: func(page string) {
			bar.end()
			fmt.Fprintf(stderr, "live page: %s\n", page)
		},
	})
	bar.end()
	if out.Results == "" {
		return out, runErr
	}
	return out, errors.Join(runErr, reportExperiment(cmd, out.Results))
}

// loadDefinition reads an experiment's file and puts what the flags say in its place.
func loadDefinition(name string, overrides []string, opts experimentOptions) (definition.Sweep, error) {
	sweep, err := experimentFolder("").Load(name, overrides...)
	if err != nil {
		return definition.Sweep{}, err
	}
	return opts.apply(sweep), nil
}

// fits refuses flags about servers that the experiment does not start.
func (o *experimentOptions) fits(sweep definition.Sweep) error {
	switch {
	case sweep.Base().Target.Address == "":
	case o.model != "":
		return usageError("--model has no effect: the experiment has a target and starts no server; name the target's model in target.model")
	}
	return nil
}

func (o *experimentOptions) apply(sweep definition.Sweep) definition.Sweep {
	return sweep.Map(func(s definition.Settings) definition.Settings {
		if o.model != "" {
			s = s.WithModel(o.model)
		}
		if o.data != "" {
			s = s.WithData(o.data)
		}
		if q := &s.Experiment.Quality; o.judged != "" && *q != (definition.Quality{}) {
			q.Collection = o.judged
		}
		return s
	})
}

// reportExperiment makes the report of a results file, beside it, and prints its path.
func reportExperiment(cmd *cobra.Command, path string) error {
	res, err := results.ReadFile(path)
	if err != nil {
		return err
	}
	if len(res.Configurations) == 0 {
		return nil
	}
	sum := summary.Of(res)
	file := strings.TrimSuffix(path, filepath.Ext(path)) + ".md"
	if err := outfile.Write(file, report.Markdown(sum)); err != nil {
		return err
	}
	page, err := report.HTML(sum, report.Charts(sum, res))
	if err != nil {
		return err
	}
	if err := outfile.Write(strings.TrimSuffix(file, ".md")+".html", page); err != nil {
		return err
	}
	fmt.Fprintln(cmd.ErrOrStderr())
	if err := report.Table(cmd.ErrOrStderr(), sum); err != nil {
		return err
	}
	fmt.Fprintln(cmd.ErrOrStderr())
	_, err = fmt.Fprintln(cmd.OutOrStdout(), file)
	return err
}

func newExperimentListCommand() *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the experiments and what they need",
		Long: `List shows every experiment in the folder experiments or, without such a folder, in the program's
catalogue: its name, its description, the number of its configurations, and whether this build can
run it; if not, what it needs.`,
		Example: `  $ crossrank experiment list`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			defs, err := listExperiments(dir)
			if err != nil {
				return err
			}
			return writeDefinitions(cmd.OutOrStdout(), defs)
		},
	}
	experimentDirFlag(cmd, &dir)
	return cmd
}

func experimentDirFlag(cmd *cobra.Command, dir *string) {
	cmd.Flags().StringVar(dir, "dir", "", "folder of the definitions; empty = the folder experiments, or without it the catalogue")
}

// experimentFolder is dir or, if it is empty, the folder experiments or, without such a folder, the
// catalogue.
func experimentFolder(dir string) experiment.Folder {
	if dir != "" {
		return experiment.Folder{Path: dir}
	}
	if _, err := os.Stat(experimentsDir); errors.Is(err, fs.ErrNotExist) {
		return experiment.Folder{Files: experiments.Files, Path: "."}
	}
	return experiment.Folder{Path: experimentsDir}
}

// listExperiments reads the definitions of a folder, see [experimentFolder].
func listExperiments(dir string) ([]experiment.Definition, error) {
	defs, err := experimentFolder(dir).List()
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w; give the folder of the definitions with --dir", err)
	}
	return defs, err
}

func writeDefinitions(w io.Writer, defs []experiment.Definition) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "NAME\tDESCRIPTION\tCONFIGURATIONS\tSTATUS")
	for _, d := range defs {
		if d.Err != nil {
			fmt.Fprintf(t, "%s\t\t\tcannot be read: %s\n", filepath.Base(d.File), oneLine(d.Err.Error()))
			continue
		}
		status := "ready"
		if len(d.Needs) > 0 {
			status = strings.Join(d.Needs, "; ")
		}
		fmt.Fprintf(t, "%s\t%s\t%d\t%s\n", cmp.Or(d.Sweep.Base().Name, filepath.Base(d.File)), d.Sweep.Base().Description,
			len(experiment.Configurations(d.Sweep)), status)
	}
	return t.Flush()
}

func oneLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}
