//go:build darwin || windows || (linux && gpu)

package onnx

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/crossrank/crossrank/internal/checkpoint"
	"github.com/crossrank/crossrank/internal/network"
)

// storedFixture is a fixture of the checkpoint package whose weights are in an ONNX file alone: a
// directory with its config.json and the file that torch.onnx wrote; with -int8 after its name, the
// one in 8 bits.
func storedFixture(t *testing.T, name string) (fixture, *network.Network, int) {
	t.Helper()
	f := openFixture(t, filepath.Join("..", "checkpoint", "testdata", "families", strings.TrimSuffix(name, "-int8")))
	dir := filepath.Join(t.TempDir(), name)
	err := errors.Join(
		os.CopyFS(dir, os.DirFS(f.dir)),
		os.Remove(filepath.Join(dir, "model.safetensors")),
		os.CopyFS(filepath.Join(dir, "onnx"), os.DirFS(filepath.Join("testdata", "stored", name))),
	)
	if err != nil {
		t.Fatal(err)
	}
	o, err := checkpoint.BeginNetwork(dir)
	if err != nil {
		t.Fatal(err)
	}
	m, err := o.Read(&StoredOpening{})
	if err != nil {
		t.Fatal(err)
	}
	return f, m.Network, m.MaxLength
}

// TestStoredFiles compares the logits of files that torch.onnx wrote with the float64 logits of the
// models that they were made from: with positions that skip padding, two labels, types of tokens,
// and weights in a file of their own.
func TestStoredFiles(t *testing.T) {
	requireLibrary(t)
	for _, name := range []string{"roberta-pad", "distilbert-relu", "electra-even"} {
		t.Run(name, func(t *testing.T) {
			f, n, most := storedFixture(t, name)
			o, err := BeginStored(n, Options{Precision: FP32})
			if err != nil {
				t.Fatal(err)
			}
			e, err := o.Start(Options{Threads: 1, MaxTokens: most})
			if err != nil {
				t.Fatal(err)
			}
			defer e.Close()
			if e.model.padding != onTheRight {
				t.Errorf("got padding %q", e.model.padding)
			}
			other, err := e.Replica(1)
			if err != nil {
				t.Fatal(err)
			}
			defer other.Close()
			got, again := logits(t, e, f.seqs), logits(t, other, f.seqs)
			for i, want := range f.want {
				alone := logits(t, e, f.seqs[i:i+1])[0]
				for _, logit := range []float32{got[i], again[i], alone} {
					if !(math.Abs(float64(logit)-want) <= 1e-4) {
						t.Errorf("case %d: logits %g in a batch, %g of a replica and %g alone, want %g", i, got[i], again[i], alone, want)
					}
				}
			}
		})
	}
}

// startStored opens a stored fixture on one thread of a device.
func startStored(t *testing.T, name, device string) (fixture, *Engine) {
	t.Helper()
	f, n, most := storedFixture(t, name)
	o, err := BeginStored(n, Options{Device: device})
	if err != nil {
		t.Fatal(err)
	}
	e, err := o.Start(Options{Threads: 1, MaxTokens: most})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return f, e
}

// TestStoredInt8: a file of dynamic quantization, which rounds by all numbers of a run, gives a
// sequence the same bits whatever is beside it.
func TestStoredInt8(t *testing.T) {
	requireLibrary(t)
	f, e := startStored(t, "distilbert-relu-int8", "")
	if e.Precision() != INT8 {
		t.Errorf("got %s", e.Precision())
	}
	got := logits(t, e, f.seqs)
	for i, want := range f.want {
		one := logits(t, e, f.seqs[i:i+1])[0]
		if math.Float32bits(one) != math.Float32bits(got[i]) || !(math.Abs(float64(one)-want) <= 0.2*deviation(f.want)) {
			t.Errorf("case %d: logits %g in a batch and %g alone, want %g", i, got[i], one, want)
		}
	}
}

// TestStoredPrecision: a file in another precision than is asked for is refused.
func TestStoredPrecision(t *testing.T) {
	requireLibrary(t)
	_, n, _ := storedFixture(t, "distilbert-relu")
	_, err := BeginStored(n, Options{Precision: INT8})
	if want := "its weights are in fp32, not in int8; ask for fp32"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
}
