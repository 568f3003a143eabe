package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/crossrank/crossrank/internal/report"
	"github.com/crossrank/crossrank/internal/results"
)

type reportOptions struct {
	output string
	json   bool
}

func newReportCommand() *cobra.Command {
	var opts reportOptions
	cmd := &cobra.Command{
		Use:   "report RESULTS",
		Short: "Make a report of a results file",
		Long: `Report reads the results of an experiment, a JSONL file, and writes what they say as Markdown: latency and
throughput of every configuration, what the server saw of itself, how the measurement was made and what it is worth.
RESULTS may be - for standard input.

Results of a run that was interrupted or killed are taken as far as they go, and the report says that they are partial.
No model is needed, nor the machine that measured.`,
		Example: `  $ crossrank report experiments/results/01_engine_fp32_results.jsonl
  $ crossrank report -o report.md experiments/results/01_engine_fp32_results.jsonl
  $ crossrank report --json results.jsonl | jq '.configs[].latency_ms.p95'`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return runReport(cmd, args[0], opts) },
	}
	cmd.Flags().StringVarP(&opts.output, "output", "o", "", "write the report to this file instead of standard output")
	cmd.Flags().BoolVar(&opts.json, "json", false, "write every figure as JSON instead of Markdown; null is what was not measured")
	return cmd
}

func runReport(cmd *cobra.Command, input string, opts reportOptions) error {
	if cmd.Flags().Changed("output") {
		if opts.output == "" {
			return usageError("--output is empty")
		}
		if sameFile(input, opts.output) {
			return usageError("--output is the results file itself, which the report would replace")
		}
	}
	res, err := readResults(cmd, input)
	if err != nil {
		return err
	}
	for _, why := range res.Partial {
		fmt.Fprintf(cmd.ErrOrStderr(), "the results are partial: %s\n", why)
	}
	page, err := renderReport(report.Summarize(res), opts.json)
	if err != nil {
		return err
	}
	if opts.output == "" {
		_, err = cmd.OutOrStdout().Write(page)
		return err
	}
	return writeWhole(opts.output, page)
}

func readResults(cmd *cobra.Command, input string) (*results.Results, error) {
	if input == "-" {
		return results.Read("standard input", cmd.InOrStdin())
	}
	return results.ReadFile(input)
}

func renderReport(r *report.Report, asJSON bool) ([]byte, error) {
	if !asJSON {
		return r.Markdown(), nil
	}
	page, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encoding the report: %w", err)
	}
	return append(page, '\n'), nil
}

func sameFile(a, b string) bool {
	infoA, errA := os.Stat(a)
	infoB, errB := os.Stat(b)
	return errA == nil && errB == nil && os.SameFile(infoA, infoB)
}

// writeWhole writes a file under a temporary name beside path and moves it there once it is whole, so that a full disk
// leaves no half of a file under the name that is asked for.
func writeWhole(path string, data []byte) (err error) {
	f, err := os.OpenFile(filepath.Join(filepath.Dir(path), fmt.Sprintf(".%s.%d.tmp", filepath.Base(path), os.Getpid())),
		os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o666)
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return nil
}
