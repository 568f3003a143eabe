package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/crossrank/crossrank/internal/machine"
)

// report is what either engine's benchmark prints, as far as it is read. Keys of one engine are
// empty of the other.
type report struct {
	PairsPerSecond float64 `json:"pairs_per_s"`
	Latency        struct {
		P50 float64 `json:"p50"`
	} `json:"latency_ms"`
	Pairs   int     `json:"pairs"`
	Padding float64 `json:"padding_waste_pct"`

	// crossrank's.
	Tokens  int             `json:"tokens"`
	Version string          `json:"version"`
	Machine machine.Machine `json:"machine"`
	footing `json:"footprint"`

	// The peer's.
	Engine     string  `json:"engine"`
	Node       string  `json:"node"`
	MeanTokens float64 `json:"mean_tokens"`

	Model json.RawMessage `json:"model"` // an object of crossrank's, a path of the peer's
}

// arguments are the command of an engine's benchmark.
func (w workshop) arguments(engine string, j job, pairs string, requests, warmup int) []string {
	number := strconv.Itoa
	if engine == us {
		return []string{w.crossrank, "bench", "--json", "--model", w.model, "--pairs", pairs,
			"--quantization", j.Precision, "--threads", number(j.Threads), "--batch", number(j.Batch),
			"--requests", number(requests), "--warmup", number(warmup), "--order", j.Order}
	}
	return []string{"node", w.bench, "--model", filepath.Join(w.model, onnxFile(j.Precision)), "--tokenizer", w.tokenizer, "--pairs", pairs,
		"--threads", number(j.Threads), "--batch", number(j.Batch),
		"--requests", number(requests), "--warmup", number(warmup), "--order", j.Order}
}

// onnxFile is the peer's form of the model.
func onnxFile(precision string) string {
	if precision == "int8" {
		return "model-int8.onnx"
	}
	return "model.onnx"
}

// measure runs an engine's benchmark in a separate process.
func (w workshop) measure(ctx context.Context, args []string) (report, error) {
	var out, log bytes.Buffer
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Stdout, cmd.Stderr = &out, &log
	if err := cmd.Run(); err != nil {
		return report{}, fmt.Errorf("running %s: %w: %.2000s", strings.Join(args, " "), err, log.String())
	}
	var r report
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		return report{}, fmt.Errorf("reading what %s printed: %w", strings.Join(args, " "), err)
	}
	if r.MeanTokens == 0 && r.Pairs > 0 {
		r.MeanTokens = float64(r.Tokens) / float64(r.Pairs)
	}
	return r, nil
}

// logits scores pairs with an engine, all of them once.
func (w workshop) logits(ctx context.Context, engine, precision, pairs string, n int) ([]float64, error) {
	f, err := os.CreateTemp("", "logits")
	if err != nil {
		return nil, err
	}
	defer os.Remove(f.Name())
	if err := f.Close(); err != nil {
		return nil, err
	}
	const batch = 32
	requests := 1 // crossrank scores the pairs apart from what it measures
	if engine == peer {
		requests = (n + batch - 1) / batch
	}
	args := w.arguments(engine, job{precision, 2, batch, "as-is"}, pairs, requests, 0)
	if _, err := w.measure(ctx, append(args, "--scores", f.Name())); err != nil {
		return nil, err
	}
	text, err := os.ReadFile(f.Name())
	if err != nil {
		return nil, err
	}
	var out []float64
	for field := range strings.FieldsSeq(string(text)) {
		x, err := strconv.ParseFloat(field, 64)
		if err != nil {
			return nil, fmt.Errorf("reading the logits of %s: %w", engine, err)
		}
		out = append(out, x)
	}
	if len(out) != n {
		return nil, fmt.Errorf("%s gave %d logits for %d pairs", engine, len(out), n)
	}
	return out, nil
}
