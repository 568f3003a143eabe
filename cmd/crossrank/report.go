package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/crossrank/crossrank/internal/chart"
	"github.com/crossrank/crossrank/internal/outfile"
	"github.com/crossrank/crossrank/internal/report"
	"github.com/crossrank/crossrank/internal/results"
	"github.com/crossrank/crossrank/internal/summary"
)

type reportOptions struct {
	output  string
	json    bool
	html    bool
	charts  string
	summary string
	all     string
}

func newReportCommand() *cobra.Command {
	var opts reportOptions
	cmd := &cobra.Command{
		Use:   "report RESULTS | report --summary DIR | report --all DIR",
		Short: "Make a report of a results file",
		Long: `Report reads the results of an experiment, a JSONL file, and writes what they say as Markdown: latency and
throughput of every configuration, what the server saw of itself, how the measurement was made and what it is worth.
RESULTS may be - for standard input.

Results of a run that was interrupted or killed are taken as far as they go, and the report says that they are partial.
With --html the report is one page with charts and everything else inside. With --charts the charts go to a folder as
SVG files, and Markdown shows them from there. Results may be packed by gzip.

With --summary it is one page over all the results files of a folder (*_results.jsonl, *_results.jsonl.gz): what they
teach, and the winner of each; with --html too, as a page with charts. With --all every file that is made of the results in a folder is
made anew, beside them: reports, pages, charts, and the summary as README.md and index.html. The same results make the
same files, to the byte.

No model is needed, nor the machine that measured.`,
		Example: `  $ crossrank report results/01_engine_fp32_results.jsonl
  $ crossrank report -o report.md results/01_engine_fp32_results.jsonl
  $ crossrank report --html -o report.html results/05_batch_size_results.jsonl
  $ crossrank report --summary results -o summary.md
  $ crossrank report --all experiments/results
  $ crossrank report --json results.jsonl | jq '.configs[].latency_ms.p95'`,
		Args: func(cmd *cobra.Command, args []string) error {
			if opts.summary != "" || opts.all != "" {
				return cobra.NoArgs(cmd, args)
			}
			return cobra.ExactArgs(1)(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case opts.all != "":
				return runReportAll(cmd, opts.all)
			case opts.summary != "":
				return runSummary(cmd, opts)
			}
			return runReport(cmd, args[0], opts)
		},
	}
	cmd.Flags().StringVarP(&opts.output, "output", "o", "", "write the report to this file instead of standard output")
	cmd.Flags().BoolVar(&opts.json, "json", false, "write every figure as JSON instead of Markdown; null is what was not measured")
	cmd.Flags().BoolVar(&opts.html, "html", false, "write one HTML page with charts instead of Markdown")
	cmd.Flags().StringVar(&opts.charts, "charts", "", "write the charts to this folder as SVG files, for Markdown to show")
	cmd.Flags().StringVar(&opts.summary, "summary", "", "sum up all results files of this folder")
	cmd.Flags().StringVar(&opts.all, "all", "", "make every report, chart and the summary of the results files of this folder, beside them")
	cmd.MarkFlagsMutuallyExclusive("json", "html", "charts")
	cmd.MarkFlagsMutuallyExclusive("summary", "all", "charts")
	for _, other := range []string{"json", "html", "output"} {
		cmd.MarkFlagsMutuallyExclusive("all", other)
	}
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
	return outfile.WriteOr(cmd.OutOrStdout(), opts.output, page)
}

// runSummary makes the page over a folder's results.
func runSummary(cmd *cobra.Command, opts reportOptions) error {
	all, err := readFolder(opts.summary)
	if err != nil {
		return err
	}
	var summaries []*summary.Summary
	charts := map[string][]chart.Chart{}
	for _, res := range all {
		summaries = append(summaries, summary.Of(res))
		charts[res.Run.Name] = report.Charts(res)
	}
	o := report.OverviewOf(summaries)
	page := o.Markdown()
	switch {
	case opts.html:
		page, err = o.HTML(charts)
	case opts.json:
		page, err = encodeReport(o)
	}
	if err != nil {
		return err
	}
	return writeReport(cmd, page, opts)
}

func readResults(cmd *cobra.Command, input string) (*results.Results, error) {
	if input == "-" {
		return results.Read("standard input", cmd.InOrStdin())
	}
	return results.ReadFile(input)
}

func renderReport(res *results.Results, opts reportOptions) ([]byte, error) {
	s := summary.Of(res)
	switch {
	case opts.html:
		return report.HTML(s, report.Charts(res))
	case opts.charts != "":
		return drawCharts(s, report.Charts(res), opts)
	case !opts.json:
		return report.Markdown(s), nil
	}
	return encodeReport(s)
}

func encodeReport(v any) ([]byte, error) {
	page, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encoding the report: %w", err)
	}
	return append(page, '\n'), nil
}

// drawCharts writes the charts as files and gives a report that shows them.
func drawCharts(s *summary.Summary, charts []chart.Chart, opts reportOptions) ([]byte, error) {
	if err := os.MkdirAll(opts.charts, 0o777); err != nil {
		return nil, fmt.Errorf("making the charts' folder: %w", err)
	}
	from, err := filepath.Rel(filepath.Dir(opts.output), opts.charts)
	if err != nil {
		from = opts.charts
	}
	var links []report.Link
	for _, c := range charts {
		if err := outfile.Write(filepath.Join(opts.charts, c.File+".svg"), []byte(c.SVG()+"\n")); err != nil {
			return nil, err
		}
		links = append(links, report.Link{Title: c.Title, Path: filepath.ToSlash(filepath.Join(from, c.File+".svg"))})
	}
	return report.Markdown(s, links...), nil
}

func sameFile(a, b string) bool {
	infoA, errA := os.Stat(a)
	infoB, errB := os.Stat(b)
	return errA == nil && errB == nil && os.SameFile(infoA, infoB)
}
