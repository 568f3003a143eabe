package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/client"
	"github.com/crossrank/crossrank/internal/outfile"
	"github.com/crossrank/crossrank/internal/results"
	"github.com/crossrank/crossrank/internal/summary"
)

// benchFormats are the values of --format.
var benchFormats = []string{"table", "json", "bench", "markdown", "html"}

// benchResult is the output of bench: the summary of its results, in the keys that programs read.
// Keys may be added; none changes its meaning.
type benchResult struct {
	PairsPerSecond  summary.Value      `json:"pairs_per_s"`          // of the whole run, not the mean over its requests
	TokensPerSecond *summary.Value     `json:"tokens_per_s"`         // null if the target did not count tokens
	Latency         benchLatency       `json:"latency_ms"`           // from when a request was due, which in a closed loop is when it was sent
	Service         *benchLatency      `json:"service_ms,omitempty"` // of an open loop: from when it was sent
	Pacing          *summary.Pacing    `json:"pacing,omitempty"`     // of an open loop
	Invalid         string             `json:"invalid,omitempty"`    // why the load was not what was asked for
	Stages          *benchStages       `json:"stages_ms"`            // null if the target did not report times
	PaddingWaste    *float64           `json:"padding_waste_pct"`    // what padding would have added; null if unknown
	Requests        int                `json:"requests"`             // answered or failed
	Pairs           int                `json:"pairs"`                // of the answered requests, as are tokens
	Tokens          *int               `json:"tokens"`
	Seconds         float64            `json:"seconds"`
	Errors          int                `json:"errors"`
	ErrorsByCode    map[string]int     `json:"errors_by_code,omitempty"`
	Partial         bool               `json:"partial"`
	Agreement       *results.Agreement `json:"agreement,omitempty"`      // with another precision, if that was asked for
	Judged          *results.Judged    `json:"judged,omitempty"`         // the quality on a judged collection
	JudgedAgainst   *results.Judged    `json:"judged_against,omitempty"` // that of the other precision
	First           *results.First     `json:"first,omitempty"`          // of rankings, where only the first were asked for
	Footprint       *footprint         `json:"footprint,omitempty"`      // of a model in this process
	Loop            string             `json:"loop"`
	Arrival         string             `json:"arrival,omitempty"` // of an open loop
	Rate            float64            `json:"rate,omitempty"`    // requests per second of an open loop
	RampTo          float64            `json:"ramp_to,omitempty"` // what the rate, or the concurrency, moved to
	Order           string             `json:"order"`             // of the pairs: "as-is" or "sorted" by length
	Batch           int                `json:"batch"`
	TopN            int                `json:"top_n,omitempty"` // scores that a request needs; 0 = all
	Concurrency     int                `json:"concurrency"`
	Warmup          int                `json:"warmup"`
	Target          string             `json:"target"`            // "in process", or the server's address
	Dialect         client.Dialect     `json:"dialect,omitempty"` // of the target
	Model           crossrank.Info     `json:"model"`
	Data            results.Data       `json:"data"`
	Machine         results.Machine    `json:"machine"` // of the program that measured
	Version         string             `json:"version"` // of the program that measured

	answered   int    // requests
	load       string // in words
	thirdParty string // dialect of a target that is not crossrank's own; empty for others
}

// benchLatency is over the answered requests, as their callers saw them.
type benchLatency struct {
	Mean summary.Value `json:"mean"`
	Min  summary.Value `json:"min"`
	P50  summary.Value `json:"p50"`
	P90  summary.Value `json:"p90"`
	P95  summary.Value `json:"p95"`
	P99  summary.Value `json:"p99"`
	Max  summary.Value `json:"max"`
}

// benchStages is the mean of the times that the scorer reports.
type benchStages struct {
	Tokenize summary.Value `json:"tokenize"`
	Queue    summary.Value `json:"queue"`
	Compute  summary.Value `json:"compute"`
}

// newBenchResult sums up the results of a bench, at least one request of which was answered.
func newBenchResult(res *results.Results, opts *benchOptions, takes *footprint) *benchResult {
	run, c := &res.Run, &summary.Of(res).Configurations[0]
	b := &benchResult{
		PairsPerSecond: c.PairsPerSecond, Pairs: c.Pairs, Seconds: c.Seconds, answered: c.Answered,
		Latency:  benchLatencyOf(c.Latency),
		Requests: c.Answered + c.FailedRequests(), Errors: c.FailedRequests(), ErrorsByCode: c.Failed, Partial: !c.Complete,
		Footprint: takes, Order: opts.order, Batch: c.Batch, TopN: opts.topN, Concurrency: c.Concurrency, Warmup: c.Warmup,
		Loop: run.Loop, Arrival: c.Arrival, Rate: c.Rate, RampTo: c.RampTo, Pacing: c.Pacing, Invalid: c.Invalid, load: benchLoadText(c),
		Target: run.Target, thirdParty: run.Dialect, Model: run.Model, Data: run.Data, Machine: run.Machine, Version: run.Version,
	}
	if c.Service != nil {
		b.Service = new(benchLatencyOf(*c.Service))
	}
	if c.Tokens > 0 {
		b.Tokens, b.TokensPerSecond = &c.Tokens, &c.TokensPerSecond
	}
	if c.PaddedTokens > 0 {
		b.PaddingWaste = new(100 * (1 - float64(c.Tokens)/float64(c.PaddedTokens)))
	}
	if s := c.Stages; s.Tokenize+s.Queue+s.Compute > 0 {
		b.Stages = &benchStages{s.Tokenize, s.Queue, s.Compute}
	}
	if opts.target.address != "" {
		b.Dialect = opts.target.api()
	}
	if len(res.Quality) > 0 {
		b.Agreement, b.Judged, b.First = res.Quality[0].Agreement, res.Quality[0].Judged, res.Quality[0].First
	}
	if len(res.Quality) > 1 {
		b.JudgedAgainst = res.Quality[1].Judged
	}
	return b
}

func benchLatencyOf(d summary.Distribution) benchLatency {
	return benchLatency{Mean: d.Average, Min: d.Min, P50: d.P50, P90: d.P90, P95: d.P95, P99: d.P99, Max: d.Max}
}

// benchLoadText says how requests were sent.
func benchLoadText(c *summary.Configuration) string {
	if c.Arrival == "" {
		return fmt.Sprintf("closed loop, batch %d, concurrency %s", c.Batch, c.ConcurrencyText())
	}
	return fmt.Sprintf("open loop, batch %d, %s at %s", c.Batch, c.Arrival, c.RateText())
}

// writeBench writes the measurement as the options say: to their output file, with the table on
// standard output, or to standard output.
func writeBench(cmd *cobra.Command, opts *benchOptions, res *results.Results, takes *footprint) error {
	b := newBenchResult(res, opts, takes)
	page, err := b.render(res, opts.format)
	if err != nil {
		return err
	}
	if err := outfile.WriteOr(cmd.OutOrStdout(), opts.output, page); err != nil {
		return err
	}
	if opts.output == "" || opts.output == "-" {
		return nil
	}
	return b.writeTable(cmd.OutOrStdout())
}

// render makes the output in a format.
func (b *benchResult) render(res *results.Results, format string) ([]byte, error) {
	var out bytes.Buffer
	switch format {
	case "json":
		err := b.writeJSON(&out)
		return out.Bytes(), err
	case "bench":
		err := b.writeBench(&out)
		return out.Bytes(), err
	case "markdown", "html":
		public := *res
		public.Run = res.Run.Public()
		return renderReport(&public, reportOptions{html: format == "html"})
	}
	err := b.writeTable(&out)
	return out.Bytes(), err
}

func (b *benchResult) writeJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(b)
}
