package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/client"
	"github.com/crossrank/crossrank/internal/load"
	"github.com/crossrank/crossrank/internal/machine"
	"github.com/crossrank/crossrank/internal/results"
	"github.com/crossrank/crossrank/internal/stats"
)

// benchResult is what bench prints. Scripts read its JSON: keys may be added, none changes its meaning.
type benchResult struct {
	PairsPerSecond  float64                `json:"pairs_per_s"`  // of the whole run, not the mean over its requests
	TokensPerSecond *float64               `json:"tokens_per_s"` // null if the target did not count tokens
	Latency         benchLatency           `json:"latency_ms"`
	Stages          *benchStages           `json:"stages_ms"`         // null if the target did not tell
	PaddingWaste    *float64               `json:"padding_waste_pct"` // what padding would have added; null if unknown
	Requests        int                    `json:"requests"`          // answered or failed
	Pairs           int                    `json:"pairs"`             // of the answered requests, as are tokens
	Tokens          *int                   `json:"tokens"`
	Seconds         float64                `json:"seconds"`
	Errors          int                    `json:"errors"`
	ErrorsByCode    map[crossrank.Code]int `json:"errors_by_code,omitempty"`
	Partial         bool                   `json:"partial"`
	Agreement       *results.Agreement     `json:"agreement,omitempty"`      // with another precision, if that was asked for
	Judged          *results.Judged        `json:"judged,omitempty"`         // the quality on a judged collection
	JudgedAgainst   *results.Judged        `json:"judged_against,omitempty"` // that of the other precision
	Footprint       *footprint             `json:"footprint,omitempty"`      // of a model in this process
	Loop            string                 `json:"loop"`
	Order           string                 `json:"order"` // of the pairs: "as-is" or "sorted" by length
	Batch           int                    `json:"batch"`
	Concurrency     int                    `json:"concurrency"`
	Warmup          int                    `json:"warmup"`
	Target          string                 `json:"target"`            // "in process", or the server's address
	Dialect         client.Dialect         `json:"dialect,omitempty"` // that the target was spoken to in
	Model           crossrank.Info         `json:"model"`
	Data            results.Data           `json:"data"`
	Machine         machine.Machine        `json:"machine"` // of the program that measured
	Version         string                 `json:"version"` // of the program that measured

	latencies                 []float64 // of the answered requests, in ms
	tokenize, queue, computed time.Duration
}

// benchLatency is over the answered requests, as their callers saw them.
type benchLatency struct {
	Mean float64 `json:"mean"`
	Min  float64 `json:"min"`
	P50  float64 `json:"p50"`
	P90  float64 `json:"p90"`
	P95  float64 `json:"p95"`
	P99  float64 `json:"p99"`
	Max  float64 `json:"max"`
}

// benchStages is the mean of what the scorer itself says of its time.
type benchStages struct {
	Tokenize float64 `json:"tokenize"`
	Queue    float64 `json:"queue"`
	Compute  float64 `json:"compute"`
}

// add counts a request. It is a load.Config's Record.
func (b *benchResult) add(r results.Request) error {
	if r.Code != crossrank.OK {
		return nil
	}
	b.latencies = append(b.latencies, milliseconds(r.Latency()))
	b.tokenize += r.Tokenize
	b.queue += r.Queue
	b.computed += r.Compute
	return nil
}

// finish sums up. At least one request was answered.
func (b *benchResult) finish(r *load.Result) {
	b.PairsPerSecond, b.Requests, b.Pairs, b.Seconds = r.PairsPerSecond(), r.Requests, r.Pairs, r.Elapsed.Seconds()
	if r.Tokens > 0 {
		b.Tokens, b.TokensPerSecond = new(r.Tokens), new(r.TokensPerSecond())
	}
	b.Errors, b.ErrorsByCode, b.Partial = r.Failed(), r.Errors, r.Partial
	if r.PaddedTokens > 0 {
		b.PaddingWaste = new(100 * (1 - float64(r.Tokens)/float64(r.PaddedTokens)))
	}
	s := stats.Summarize(b.latencies)
	b.Latency = benchLatency{Mean: s.Mean, Min: s.Min, P50: s.P50, P90: s.P90, P95: s.P95, P99: s.P99, Max: s.Max}
	if b.tokenize+b.queue+b.computed > 0 {
		n := time.Duration(len(b.latencies))
		b.Stages = &benchStages{milliseconds(b.tokenize / n), milliseconds(b.queue / n), milliseconds(b.computed / n)}
	}
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// benchFormats are the values of --format.
var benchFormats = []string{"table", "json", "bench"}

func (b *benchResult) write(w io.Writer, format string) error {
	switch format {
	case "json":
		return b.writeJSON(w)
	case "bench":
		return b.writeBench(w)
	}
	return b.writeTable(w)
}

func (b *benchResult) writeJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(b)
}

func (b *benchResult) writeTable(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(name, format string, args ...any) { fmt.Fprintf(t, "%s\t%s\n", name, fmt.Sprintf(format, args...)) }
	m := b.Model
	row("model", "%s (%s)", cmp.Or(m.Model, "n/a"), cmp.Or(m.Weights, "n/a"))
	if m.Backend != "" {
		row("engine", "%s on %s, %s, %d threads, %s", m.Backend, m.Device, m.Tier, m.Threads, m.Quantization)
	} else {
		row("engine", "%s", cmp.Or(m.Quantization, "n/a"))
	}
	row("target", "%s%s", b.Target, mark(b.Dialect != "" && b.Dialect != client.Crossrank, " in the dialect "+string(b.Dialect)))
	row("data", "%s, %d pairs", b.Data.Name, b.Data.Pairs)
	row("load", "closed loop, batch %d, concurrency %d, %d requests after %d to warm up%s%s",
		b.Batch, b.Concurrency, b.Requests, b.Warmup, mark(b.Order == "sorted", ", sorted by length"), mark(b.Partial, " (partial: interrupted)"))
	row("scored", "%d pairs, %s tokens in %.2f s", b.Pairs, orNA("%d", b.Tokens), b.Seconds)
	if b.Errors > 0 {
		row("failed", "%d requests: %v", b.Errors, b.ErrorsByCode)
	}
	row("throughput", "%.1f pairs/s, %s tokens/s", b.PairsPerSecond, orNA("%.0f", b.TokensPerSecond))
	l := b.Latency
	row("latency", "mean %.2f ms, min %.2f, max %.2f", l.Mean, l.Min, l.Max)
	row("", "P50 %.2f ms, P90 %.2f%s, P95 %.2f%s, P99 %.2f%s", l.P50,
		l.P90, b.caveat(90), l.P95, b.caveat(95), l.P99, b.caveat(99))
	if s := b.Stages; s != nil {
		row("stages", "tokenize %.2f ms, queue %.2f, compute %.2f (means)", s.Tokenize, s.Queue, s.Compute)
	} else {
		row("stages", "n/a")
	}
	if b.PaddingWaste != nil {
		row("padding", "%.1f %% of the tokens would have been padding; none was computed", *b.PaddingWaste)
	}
	if b.Footprint != nil {
		b.Footprint.rows(row)
	}
	q := scoreQuality{b.Agreement, b.Judged, b.JudgedAgainst}
	q.rows(row, against(b.Agreement))
	if note := b.footnote(); note != "" {
		row("", "%s", note)
	}
	return t.Flush()
}

func against(a *results.Agreement) string {
	if a == nil {
		return ""
	}
	return a.Against
}

// caveat marks a percentile that the number of requests cannot carry.
func (b *benchResult) caveat(p float64) string {
	return mark(len(b.latencies) < stats.Needed(p, 0), "*")
}

func (b *benchResult) footnote() string {
	var needed []string
	for _, p := range []float64{90, 95, 99} {
		if b.caveat(p) != "" {
			needed = append(needed, fmt.Sprintf("P%g needs %d", p, stats.Needed(p, 0)))
		}
	}
	if len(needed) == 0 {
		return ""
	}
	return fmt.Sprintf("* of %d requests: %s to say much", len(b.latencies), strings.Join(needed, ", "))
}

func mark(when bool, text string) string {
	if when {
		return text
	}
	return ""
}
