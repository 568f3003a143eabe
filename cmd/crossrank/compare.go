package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/crossrank/crossrank/internal/compare"
	"github.com/crossrank/crossrank/internal/results"
)

func newCompareCommand() *cobra.Command {
	var opts compareOptions
	cmd := &cobra.Command{
		Use:   "compare A B",
		Short: "Compare two measurements of the same experiment",
		Long: `Compare sets the results files A and B side by side, configuration by configuration. Several files
of one side are joined with commas. The unit is one repeat, which had its own server process: give
the experiment at least 6 repeats (experiment.repeats), and measure A and B in turns rather than
one after the other.

A difference is reported when the Mann-Whitney U test gives p < 0.05 and the medians differ by
more than 2 %; ~ : not significant. Where both sides measured the quality of their scores
(experiment.quality), B may lose up to --quality-loss of nDCG@10, of MRR@10 and of the agreement
with another precision, however much faster it is. Other differences between the sides are noted.

The exit code is 1 if B is worse in any of these, so that a CI job can fail on a regression. It is
0 if no figure is known to be worse. With --require-quality it is also 1 if quality was not measured
on both sides.

The format bench writes both sides for benchstat: crossrank compare A B --format bench | benchstat
-col side -`,
		Example: `  $ crossrank compare before_results.jsonl after_results.jsonl
  $ crossrank compare a1.jsonl,a2.jsonl b1.jsonl,b2.jsonl --format json`,
		Args: arguments("A", "B"),
		RunE: func(cmd *cobra.Command, args []string) error { return runCompare(cmd, args[0], args[1], opts) },
	}
	cmd.Flags().StringVar(&opts.format, "format", "text", "output format: text, json or bench")
	cmd.Flags().Float64Var(&opts.loss, "quality-loss", 0.005, "max loss of B in a measure of quality, as a difference of values from 0 to 1")
	cmd.Flags().BoolVar(&opts.require, "require-quality", false, "exit code 1 if quality was not measured on both sides")
	return cmd
}

type compareOptions struct {
	format  string
	loss    float64
	require bool
}

func runCompare(cmd *cobra.Command, nameA, nameB string, opts compareOptions) error {
	if !(opts.loss >= 0 && opts.loss <= 1) {
		return usageError("--quality-loss is %g; it must be from 0 to 1", opts.loss)
	}
	if err := checkChoice("format", opts.format, "text", "json", "bench"); err != nil {
		return err
	}
	a, errA := readSide(nameA)
	b, errB := readSide(nameB)
	if err := errors.Join(errA, errB); err != nil {
		return err
	}
	w := cmd.OutOrStdout()
	c := compare.Of(a, b, opts.loss)
	switch opts.format {
	case "bench":
		return errors.Join(compare.Bench(w, "A", a), compare.Bench(w, "B", b))
	case "json":
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		if err := enc.Encode(c); err != nil {
			return err
		}
	case "text":
		if err := c.Text(w); err != nil {
			return err
		}
	}
	switch {
	case len(c.Rows) == 0:
		return fmt.Errorf("%s and %s have no complete configuration in common; compare results of the same experiment", nameA, nameB)
	case c.WorseQuality() && !c.Worse():
		return fmt.Errorf("%s is worse: its scores rank worse, whatever its speed", nameB)
	case c.Worse() || c.WorseQuality():
		return fmt.Errorf("%s is worse", nameB)
	case opts.require && len(c.Quality) == 0:
		return fmt.Errorf("the quality was not measured on both sides; set experiment.quality")
	}
	return nil
}

func readSide(names string) ([]*results.Results, error) {
	var side []*results.Results
	for name := range strings.SplitSeq(names, ",") {
		res, err := results.ReadFile(name)
		if err != nil {
			return nil, err
		}
		side = append(side, res)
	}
	return side, nil
}
