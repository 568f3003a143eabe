//go:build darwin || windows || (linux && gpu)

package onnx

import (
	"math"
	"testing"
)

// TestStoredDecoders compares the logits of decoders' files, each in another of the shapes that
// exporters give them, with the float64 logits of the models that they were made from: in batches of
// sequences of all lengths, by a replica, and alone.
func TestStoredDecoders(t *testing.T) {
	requireLibrary(t)
	for _, c := range []struct {
		name    string
		padding padding
		every   bool // the output has the logits of every token
		limit   float64
	}{
		{"qwen3-untied", onTheRight, true, 1e-4},
		{"qwen2-untied", onTheRight, true, 2e-2}, // in half precision
		{"qwen2-tied", sameLength, false, 1e-4},
		{"qwen2-labels", onTheLeft, false, 1e-4},
		{"qwen3-bias", onTheLeft, false, 1e-4},
		{"qwen2-one", alone, false, 0.3}, // in 8 bits
		{"gemma-tied", onTheRight, true, 1e-4},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, e := startStored(t, c.name, "")
			if got, every := e.model.padding, e.model.decoder.every.Load(); got != c.padding || every != c.every {
				t.Errorf("got padding %q, logits of every token %v; want %q, %v", got, every, c.padding, c.every)
			}
			other, err := e.Replica(1)
			if err != nil {
				t.Fatal(err)
			}
			defer other.Close()
			got, again := logits(t, e, f.seqs), logits(t, other, f.seqs)
			worst, moved := 0.0, 0.0
			for i, want := range f.want {
				one := logits(t, e, f.seqs[i:i+1])[0]
				for _, logit := range []float32{got[i], again[i], one} {
					diff := math.Abs(float64(logit) - want)
					worst = max(worst, diff)
					if !(diff <= c.limit) {
						t.Errorf("case %d: logits %g in a batch, %g of a replica and %g alone, want %g", i, got[i], again[i], one, want)
					}
				}
				moved = max(moved, math.Abs(float64(got[i]-one)))
			}
			t.Logf("the largest error is %.2g; %.2g of it by the batch", worst, moved)
			if c.padding == alone && moved != 0 {
				t.Errorf("a batch moves a logit by %g", moved)
			}
		})
	}
}
