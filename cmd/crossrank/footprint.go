package main

import (
	"context"
	"fmt"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/procstat"
	"github.com/crossrank/crossrank/internal/stats"
	"github.com/crossrank/crossrank/local"
)

// footprint is the start-up time and the memory of a model in this process.
type footprint struct {
	Open       float64 `json:"open_ms"`        // from the weights on disk until the engine is ready
	FirstScore float64 `json:"first_score_ms"` // from there to the score of one pair, opening included
	Weights    int64   `json:"weights_bytes"`  // of all parameters in float32
	Opened     *int64  `json:"resident_opened_bytes"`
	End        *int64  `json:"resident_end_bytes"` // of the whole process after the measured requests
	Device     *int64  `json:"device_bytes,omitempty"`
}

// openMeasured opens what is measured, and sends it a pair.
func openMeasured(ctx context.Context, opts benchOptions, pair crossrank.Pair) (closingScorer, crossrank.Info, *footprint, error) {
	began := time.Now()
	scorer, info, err := openScorer(ctx, opts)
	if err != nil || opts.target.address != "" {
		return scorer, info, nil, err
	}
	f := &footprint{Open: stats.Milliseconds(time.Since(began)), Weights: 4 * info.Parameters, Opened: procstat.OwnResident()}
	if _, err := scorer.Score(ctx, &crossrank.Request{Pairs: []crossrank.Pair{pair}, Instruction: opts.load.instruction}); err != nil {
		scorer.Close()
		return nil, info, nil, fmt.Errorf("scoring the first pair: %w", err)
	}
	f.FirstScore = stats.Milliseconds(time.Since(began))
	if m, ok := scorer.(*local.Model); ok && m.Device() != nil {
		f.Device = &m.Device().Memory
	}
	return scorer, info, f, nil
}

// rows adds the footprint to the table.
func (f *footprint) rows(row func(name, format string, args ...any)) {
	row("start", "open after %.0f ms, first score after %.0f ms", f.Open, f.FirstScore)
	row("memory", "%s resident once open, %s at the end; the weights are %s in float32",
		mebibytes(f.Opened), mebibytes(f.End), mebibytes(&f.Weights))
	if f.Device != nil {
		row("device", "%s of its memory allocated", mebibytes(f.Device))
	}
}

func mebibytes(n *int64) string {
	if n == nil {
		return "n/a"
	}
	return fmt.Sprintf("%.1f MiB", float64(*n)/(1<<20))
}
