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
	output  string
	json    bool
	html    bool
	charts  string
	summary string
}

func newReportCommand() *cobra.Command {
	var opts reportOptions
	cmd := &cobra.Command{
		Use:   "report RESULTS | report --summary DIR",
		Short: "Make a report of a results file",
		Long: `Report reads the results of an experiment, a JSONL file, and writes what they say as Markdown: latency and
throughput of every configuration, what the server saw of itself, how the measurement was made and what it is worth.
RESULTS may be - for standard input.

Results of a run that was interrupted or killed are taken as far as they go, and the report says that they are partial.
With --html the report is one page with charts and everything else inside. With --charts the charts go to a folder as
SVG files, and Markdown shows them from there. With --summary it is one page over all the results files of a folder.

No model is needed, nor the machine that measured.`,
		Example: `  $ crossrank report experiments/results/01_engine_fp32_results.jsonl
  $ crossrank report -o report.md experiments/results/01_engine_fp32_results.jsonl
  $ crossrank report --html -o report.html experiments/results/05_batch_size_results.jsonl
  $ crossrank report --summary experiments/results -o experiments/results/README.md
  $ crossrank report --json results.jsonl | jq '.configs[].latency_ms.p95'`,
		Args: func(cmd *cobra.Command, args []string) error {
			if opts.summary != "" {
				return cobra.NoArgs(cmd, args)
			}
			return cobra.ExactArgs(1)(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if opts.summary != "" {
				return runSummary(cmd, opts)
			}
			return runReport(cmd, args[0], opts)
		},
	}
	cmd.Flags().StringVarP(&opts.output, "output", "o", "", "write the report to this file instead of standard output")
	cmd.Flags().BoolVar(&opts.json, "json", false, "write every figure as JSON instead of Markdown; null is what was not measured")
	cmd.Flags().BoolVar(&opts.html, "html", false, "write one HTML page with charts instead of Markdown")
	cmd.Flags().StringVar(&opts.charts, "charts", "", "write the charts to this folder as SVG files, for Markdown to show")
	cmd.Flags().StringVar(&opts.summary, "summary", "", "sum up all results files (*_results.jsonl) of this folder, in Markdown")
	cmd.MarkFlagsMutuallyExclusive("json", "html", "charts")
	cmd.MarkFlagsMutuallyExclusive("summary", "json")
	cmd.MarkFlagsMutuallyExclusive("summary", "html")
	cmd.MarkFlagsMutuallyExclusive("summary", "charts")
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
	page, err := renderReport(res, opts)
	if err != nil {
		return err
	}
	return writeReport(cmd, page, opts)
}

func writeReport(cmd *cobra.Command, page []byte, opts reportOptions) error {
	if opts.output == "" {
		_, err := cmd.OutOrStdout().Write(page)
		return err
	}
	return writeWhole(opts.output, page)
}

// runSummary makes the page over a folder's results.
func runSummary(cmd *cobra.Command, opts reportOptions) error {
	files, err := filepath.Glob(filepath.Join(opts.summary, "*_results.jsonl"))
	if err != nil {
		return fmt.Errorf("listing results: %w", err)
	}
	if len(files) == 0 {
		return fmt.Errorf("there are no results files (*_results.jsonl) in %s", opts.summary)
	}
	var reports []*report.Report
	for _, file := range files {
		res, err := results.ReadFile(file)
		if err != nil {
			return err
		}
		reports = append(reports, report.Summarize(res))
	}
	return writeReport(cmd, report.Overview(reports), opts)
}

func readResults(cmd *cobra.Command, input string) (*results.Results, error) {
	if input == "-" {
		return results.Read("standard input", cmd.InOrStdin())
	}
	return results.ReadFile(input)
}

func renderReport(res *results.Results, opts reportOptions) ([]byte, error) {
	r := report.Summarize(res)
	switch {
	case opts.html:
		return r.HTML(report.Charts(res))
	case opts.charts != "":
		return drawCharts(r, report.Charts(res), opts)
	case !opts.json:
		return r.Markdown(), nil
	}
	page, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encoding the report: %w", err)
	}
	return append(page, '\n'), nil
}

// drawCharts writes the charts as files and gives a report that shows them.
func drawCharts(r *report.Report, charts []report.Chart, opts reportOptions) ([]byte, error) {
	if err := os.MkdirAll(opts.charts, 0o777); err != nil {
		return nil, fmt.Errorf("making the charts' folder: %w", err)
	}
	from, err := filepath.Rel(filepath.Dir(opts.output), opts.charts)
	if err != nil {
		from = opts.charts
	}
	page := append(r.Markdown(), "\n## Charts\n"...)
	for _, c := range charts {
		if err := writeWhole(filepath.Join(opts.charts, c.File+".svg"), []byte(c.SVG()+"\n")); err != nil {
			return nil, err
		}
		page = fmt.Appendf(page, "\n![%s](%s)\n", c.Title, filepath.ToSlash(filepath.Join(from, c.File+".svg")))
	}
	return page, nil
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
