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
		Short: "Make a report from a results file",
		Long: `Report reads the results of an experiment, a JSONL file that may be packed by gzip, and writes a
report as Markdown: latency and throughput of every configuration, the server's own metrics, how
the measurement was made and how reliable it is. RESULTS may be - for standard input. Results of
eval make its page again with --html.

Results of a run that was interrupted are read as far as they go, and the report says that they
are partial. With --html the report is one self-contained page with charts. With --charts the
charts go to a folder as SVG files, which the Markdown refers to.

With --summary it is one page over all results files of a folder (*_results.jsonl,
*_results.jsonl.gz): their findings, and the winner of each; with --html too, as a page with
charts. With --all, every file that is made from the results in a folder is made again, beside
them: reports, pages, charts, and the summary as README.md and index.html. The same results give
the same bytes.

A report needs neither the model nor the machine that was measured.`,
		Example: `  $ crossrank report results/01_engine_fp32_results.jsonl
  $ crossrank report -o report.md results/01_engine_fp32_results.jsonl
  $ crossrank report --html -o report.html results/05_batch_size_results.jsonl
  $ crossrank report --summary results -o summary.md
  $ crossrank report --all experiments/results
  $ crossrank report --json results.jsonl | jq '.configs[].latency_ms.p95'`,
		Args: func(cmd *cobra.Command, args []string) error {
			if opts.summary != "" || opts.all != "" {
				return noMore(args)
			}
			return arguments("RESULTS")(cmd, args)
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
	cmd.Flags().StringVarP(&opts.output, "output", "o", "", "output file; - or empty = standard output")
	cmd.Flags().BoolVar(&opts.json, "json", false, "JSON with every figure instead of Markdown; null = not measured")
	cmd.Flags().BoolVar(&opts.html, "html", false, "one HTML page with charts instead of Markdown")
	cmd.Flags().StringVar(&opts.charts, "charts", "", "output folder for charts as SVG files, which the Markdown refers to")
	cmd.Flags().StringVar(&opts.summary, "summary", "", "folder of results files to summarize on one page")
	cmd.Flags().StringVar(&opts.all, "all", "", "folder of results files; all reports, charts and the summary are made beside them")
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
			return usageError("--output is the results file itself; name another file")
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

// runSummary makes the overview of a folder of results.
func runSummary(cmd *cobra.Command, opts reportOptions) error {
	all, err := readFolder(opts.summary)
	if err != nil {
		return err
	}
	var summaries []*summary.Summary
	charts := map[string][]chart.Chart{}
	for _, res := range all {
		s := summary.Of(res)
		summaries = append(summaries, s)
		if opts.html {
			charts[res.Run.Name] = report.Charts(s, res)
		}
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
	case opts.html && s.Evaluation != nil:
		return report.EvaluationHTML(s, res.Rankings)
	case opts.html:
		return report.HTML(s, report.Charts(s, res))
	case opts.charts != "":
		return drawCharts(s, report.Charts(s, res), opts)
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

// drawCharts writes the charts as files and returns the report that shows them.
func drawCharts(s *summary.Summary, charts []chart.Chart, opts reportOptions) ([]byte, error) {
	if err := os.MkdirAll(opts.charts, 0o777); err != nil {
		return nil, fmt.Errorf("creating the charts folder: %w", err)
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
