package main

import (
	"fmt"
	"io"
	"runtime"
	"strings"

	"github.com/crossrank/crossrank/internal/summary"
)

// writeBench writes the measurement in the format of Go's benchmarks, so that benchstat compares
// the outputs of several runs. An operation is a request. A percentile that the number of requests
// cannot carry is left out.
//
// The lines above the result are few on purpose: benchstat makes a separate table for each set of
// them. What is compared in its columns is either the files or, with -col target, the targets.
func (b *benchResult) writeBench(w io.Writer) error {
	target := b.Target
	if b.thirdParty != "" {
		target += " " + b.thirdParty
	}
	var line strings.Builder
	load := fmt.Sprintf("concurrency=%d", b.Concurrency)
	if b.Arrival != "" {
		load = fmt.Sprintf("arrival=%s/rate=%g", b.Arrival, b.Rate)
	}
	if b.RampTo != 0 {
		load += fmt.Sprintf("/ramp=%g", b.RampTo)
	}
	line.WriteString(fmt.Sprintf("BenchmarkScore/batch=%d/%s %d %.0f ns/op %.6g pairs/s", b.Batch, load, b.answered,
		1e6*float64(b.Latency.Mean), float64(b.PairsPerSecond)))
	if b.TokensPerSecond != nil {
		line.WriteString(fmt.Sprintf(" %.6g tokens/s", float64(*b.TokensPerSecond)))
	}
	for _, p := range []struct {
		percent float64
		ms      summary.Value
	}{{50, b.Latency.P50}, {95, b.Latency.P95}, {99, b.Latency.P99}} {
		if b.caveat(p.percent) == "" {
			line.WriteString(fmt.Sprintf(" %.0f p%g-ns", 1e6*float64(p.ms), p.percent))
		}
	}
	_, err := fmt.Fprintf(w, "goos: %s\ngoarch: %s\ncpu: %s\ntarget: %s\n%s\n", runtime.GOOS, runtime.GOARCH, b.Machine.CPU, target, line.String())
	return err
}
