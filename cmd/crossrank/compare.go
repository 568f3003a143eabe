package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/crossrank/crossrank/internal/report"
	"github.com/crossrank/crossrank/internal/results"
)

func newCompareCommand() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "compare A B",
		Short: "Compare two measurements of the same experiment",
		Long: `Compare sets the results files A and B side by side, configuration by configuration. Several files of one side are
joined with commas. The unit is one repeat, which had a server process of its own: give the experiment 6 repeats at least
(experiment.repeats), and better measure A and B in turns than one after the other.

A difference is told when the Mann-Whitney U test gives p < 0.05 and the medians differ by more than 2 %; ~ stands for all
else. The exit code is 1 if anything of B is worse in that sense, so that a build can be held to it.

The format bench writes both sides for benchstat: crossrank compare A B --format bench | benchstat -col side -`,
		Example: `  $ crossrank compare before_results.jsonl after_results.jsonl
  $ crossrank compare a1.jsonl,a2.jsonl b1.jsonl,b2.jsonl --format json`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error { return runCompare(cmd, args[0], args[1], format) },
	}
	cmd.Flags().StringVar(&format, "format", "text", "of the output: text, json or bench")
	return cmd
}

func runCompare(cmd *cobra.Command, nameA, nameB, format string) error {
	a, errA := readSide(nameA)
	b, errB := readSide(nameB)
	if err := errors.Join(errA, errB); err != nil {
		return err
	}
	w := cmd.OutOrStdout()
	c := report.Compare(a, b)
	switch format {
	case "bench":
		return errors.Join(report.Bench(w, "A", a), report.Bench(w, "B", b))
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
	default:
		return usageError("--format is %q; use text, json or bench", format)
	}
	switch {
	case len(c.Rows) == 0:
		return fmt.Errorf("no configuration was measured whole on both sides")
	case c.Worse():
		return fmt.Errorf("%s is worse", nameB)
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
