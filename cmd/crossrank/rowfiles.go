package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/rows"
	"github.com/crossrank/crossrank/internal/scoring"
)

// rowFlags say where rows come from and where they go.
type rowFlags struct {
	inputFormat  string
	query        string
	passage      string
	header       []string
	keep         string
	output       string
	outputFormat string
	groupRows    int
	rejects      string
	resume       bool
	inFlight     int

	files []string // "-" is standard input
}

func (r *rowFlags) register(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&r.inputFormat, "input-format", "", "format of the inputs: "+strings.Join(rows.Kinds(), ", ")+"; default: by the extension, or else jsonl")
	f.StringVar(&r.query, "query-column", "query", "column of the queries")
	f.StringVar(&r.passage, "passage-column", "passage", "column of the passages")
	f.StringSliceVar(&r.header, "header", nil, "names of the columns, separated by commas, of CSV and TSV files whose first line is a row")
	f.StringVar(&r.keep, "keep", "", "columns to copy to the output, separated by commas; * = all, none = only index and score; default: all of CSV, TSV and Parquet, none of JSON lines")
	f.StringVarP(&r.output, "output", "o", "", "file for the output; default: standard output")
	f.StringVar(&r.outputFormat, "output-format", "", "format of the output, one of those of the inputs; default: by the extension of --output, or else as the inputs")
	f.IntVar(&r.groupRows, "group-rows", rows.GroupRows, "rows of a row group in Parquet, or of a compressed frame; a resumed run repeats this many at most")
	f.StringVar(&r.rejects, "rejects", "", "JSONL file for rows that cannot be read; default: the first one ends the run")
	f.BoolVar(&r.resume, "resume", false, "go on with the run that was writing --output; if there is none, begin one")
	f.IntVar(&r.inFlight, "in-flight", 0, "max requests of up to 128 pairs at once; 0 = 2, or 8 with --target")
}

func (r *rowFlags) check() error {
	for _, f := range []struct{ flag, value string }{{"input-format", r.inputFormat}, {"output-format", r.outputFormat}} {
		if f.value == "" {
			continue
		}
		if _, err := rows.ParseKind(f.value); err != nil {
			return usageError("--%s: %w", f.flag, err)
		}
	}
	if r.resume && r.output == "" {
		return usageError("--resume needs --output; what was written to standard output cannot be resumed")
	}
	if r.query == "" || r.passage == "" || r.query == r.passage {
		return usageError("--query-column and --passage-column must be two columns")
	}
	if r.output == "-" {
		r.output = ""
	}
	return errors.Join(checkAtLeast("group-rows", r.groupRows, 1), checkAtLeast("in-flight", r.inFlight, 0), r.checkDistinct())
}

// checkDistinct refuses a file in two places, one of which would destroy the other.
func (r *rowFlags) checkDistinct() error {
	outputs := []struct{ flag, file string }{{"output", r.output}, {"rejects", r.rejects}}
	for i, o := range outputs {
		if o.file == "" {
			continue
		}
		if slices.ContainsFunc(r.files, func(in string) bool { return sameFile(in, o.file) }) {
			return usageError("--%s is %s, which is an input too", o.flag, o.file)
		}
		if i > 0 && (o.file == r.output || sameFile(o.file, r.output)) {
			return usageError("--rejects and --output are the same file")
		}
	}
	return nil
}

// kind is the format of an input.
func (r *rowFlags) kind(file string) rows.Kind {
	if r.inputFormat != "" {
		kind, _ := rows.ParseKind(r.inputFormat)
		return kind
	}
	kind, _ := rows.KindOf(file)
	return kind
}

// outputKind is the format of the output.
func (r *rowFlags) outputKind() rows.Kind {
	if r.outputFormat != "" {
		kind, _ := rows.ParseKind(r.outputFormat)
		return kind
	}
	if kind, known := rows.KindOf(r.output); known {
		return kind
	}
	kind := r.kind(r.files[0])
	if r.output == "" && kind.Format != rows.Parquet {
		kind.Compression = rows.Plain // for a terminal or the next program
	}
	return kind
}

// options are what the flags say.
func (r *rowFlags) options(cmd *cobra.Command) scoring.Options {
	opts := scoring.Options{
		Header: r.header, Query: r.query, Passage: r.passage,
		Output: r.output, Stdout: cmd.OutOrStdout(), OutputKind: r.outputKind(), GroupRows: r.groupRows,
		Rejects: r.rejects, Resume: r.resume, InFlight: r.inFlight,
	}
	for _, name := range r.files {
		input := scoring.Input{Name: name}
		if name == "-" {
			input = scoring.Input{Name: "standard input", Open: cmd.InOrStdin()}
		}
		opts.Inputs = append(opts.Inputs, input)
	}
	if r.inputFormat != "" {
		opts.Kind = r.kind("")
	}
	switch {
	case r.keep == "*" || r.keep == "" && r.kind(r.files[0]).Format != rows.JSONL:
		opts.KeepAll = true
	case r.keep != "" && r.keep != "none":
		opts.Keep = strings.Split(r.keep, ",")
	}
	return opts
}

// scoreRows scores the rows, shows how far it is, and says at the end what was rejected and how to
// go on.
func scoreRows(cmd *cobra.Command, s crossrank.Scorer, opts scoring.Options) error {
	stderr := cmd.ErrOrStderr()
	bar := newRowProgress(stderr, opts.Output != "")
	opts.Progress = bar.update
	done, err := scoring.Run(cmd.Context(), s, opts)
	bar.end()
	if errors.Is(err, scoring.ErrComplete) {
		fmt.Fprintf(stderr, "note: nothing to resume: %v\n", err)
		return nil
	}
	if done.Rejected > 0 {
		fmt.Fprintf(stderr, "note: %s could not be read, and %s in %s\n", plural(int(done.Rejected), "row"), isAre(done.Rejected), opts.Rejects)
	}
	if err != nil && done.Resumable {
		fmt.Fprintf(stderr, "note: %s %s safe in %s.part; the same command with --resume goes on from there\n",
			plural(int(done.Rows), "row"), isAre(done.Rows), opts.Output)
	}
	return err
}

func isAre(n int64) string {
	if n == 1 {
		return "is"
	}
	return "are"
}

// rowProgress shows the progress of a run on a terminal.
type rowProgress struct {
	bar   *progress
	shown bool
	began time.Time
	from  float64 // the fraction that earlier runs had done
	first bool
	rate  byteRate // of rows
}

// newRowProgress makes a bar on w. There is none unless w is a terminal that nothing else is
// written to.
func newRowProgress(w io.Writer, alone bool) *rowProgress {
	p := &rowProgress{bar: newProgress(w), began: time.Now(), first: true}
	p.bar.label = "scoring"
	p.shown = alone && p.bar.width > 0
	return p
}

func (p *rowProgress) update(now scoring.Progress) {
	if !p.shown {
		return
	}
	if p.first {
		p.first, p.from, p.began = false, now.Fraction, time.Now()
	}
	p.rate.add(time.Now(), now.Rows)
	p.bar.show(now.Fraction, p.describe(now), false)
}

// describe writes 12000 rows, 251 rows/s, 3 rejected, 1m20s left.
func (p *rowProgress) describe(now scoring.Progress) string {
	parts := []string{fmt.Sprintf("%d rows", now.Rows)}
	if rate := p.rate.perSecond(); rate > 0 {
		parts = append(parts, fmt.Sprintf("%.0f rows/s", rate))
	}
	if now.Rejected > 0 {
		parts = append(parts, fmt.Sprintf("%d rejected", now.Rejected))
	}
	if done := now.Fraction - p.from; done > 0 && now.Fraction < 1 {
		left := time.Since(p.began).Seconds() / done * (1 - now.Fraction)
		parts = append(parts, (time.Duration(min(left, 1e8))*time.Second).String()+" left")
	}
	return strings.Join(parts, ", ")
}

func (p *rowProgress) end() { p.bar.end() }
