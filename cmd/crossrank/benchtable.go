package main

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/crossrank/crossrank/internal/results"
	"github.com/crossrank/crossrank/internal/stats"
)

// writeTable writes the measurement for people, one row per figure.
func (b *benchResult) writeTable(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(name, format string, args ...any) { fmt.Fprintf(t, "%s\t%s\n", name, fmt.Sprintf(format, args...)) }
	m := b.Model
	row("model", "%s (%s)", cmp.Or(m.Pinned(), "n/a"), cmp.Or(m.Weights, "n/a"))
	if m.Backend != "" {
		row("engine", "%s", engineText(&m))
	} else {
		row("engine", "%s", cmp.Or(m.Quantization, "n/a"))
	}
	row("target", "%s%s", b.Target, mark(b.thirdParty != "", " in the dialect "+b.thirdParty))
	row("data", "%s, %d pairs", b.Data.Name, b.Data.Pairs)
	row("load", "%s, %d requests after %d to warm up%s%s",
		b.load, b.Requests, b.Warmup, mark(b.Order == "sorted", ", sorted by length"), mark(b.Partial, " (partial: interrupted)"))
	row("scored", "%d pairs, %s tokens in %.2f s", b.Pairs, orNA("%d", b.Tokens), b.Seconds)
	if p := b.Pacing; p != nil {
		row("schedule", "%s requests/s due, %s sent; P99 of the delay in sending %s ms; %d not sent",
			p.Offered.Format("%.2f"), p.Achieved.Format("%.2f"), p.LagP99.Format("%.3f"), p.Dropped)
	}
	if b.Invalid != "" {
		row("not valid", "%s", b.Invalid)
	}
	if b.Errors > 0 {
		row("failed", "%d requests: %v", b.Errors, b.ErrorsByCode)
	}
	row("throughput", "%.1f pairs/s, %s tokens/s", b.PairsPerSecond, orNA("%.0f", b.TokensPerSecond))
	l := b.Latency
	row("latency", "mean %.2f ms, min %.2f, max %.2f%s", l.Mean, l.Min, l.Max, mark(b.Service != nil, ", from when a request was due"))
	row("", "%s", b.percentiles(&l))
	if b.Service != nil {
		row("", "%s from when it was sent", b.percentiles(b.Service))
	}
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
	q := scoreQuality{b.Agreement, b.Judged, b.JudgedAgainst, b.First}
	q.rows(row, against(b.Agreement))
	if note := b.footnote(); note != "" {
		row("", "%s", note)
	}
	return t.Flush()
}

// percentiles lists those of a latency, with marks at those for which there were too few requests.
func (b *benchResult) percentiles(l *benchLatency) string {
	return fmt.Sprintf("P50 %.2f ms, P90 %.2f%s, P95 %.2f%s, P99 %.2f%s", l.P50,
		l.P90, b.caveat(90), l.P95, b.caveat(95), l.P99, b.caveat(99))
}

func against(a *results.Agreement) string {
	if a == nil {
		return ""
	}
	return a.Against
}

// caveat marks a percentile for which there were too few requests.
func (b *benchResult) caveat(p float64) string {
	return mark(b.answered < stats.Needed(p, 0), "*")
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
	return fmt.Sprintf("* not reliable with %d requests: %s", b.answered, strings.Join(needed, ", "))
}

func mark(when bool, text string) string {
	if when {
		return text
	}
	return ""
}
