//go:build darwin || windows || (linux && gpu)

package onnx

import (
	"errors"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/crossrank/crossrank/internal/network"
	"github.com/crossrank/crossrank/internal/network/sample"
)

func small() *network.Network {
	return sample.Network(5, sample.Geometry{
		Hidden: 16, Blocks: 2, Heads: 2, Intermediate: 20, Tokens: 30, Positions: 40, Activation: network.GELU, Labels: 2,
	})
}

// TestReplicas: replicas compute the same at once with the first, and each may be closed alone.
func TestReplicas(t *testing.T) {
	requireLibrary(t)
	n := small()
	seqs := sample.Sequences(1, n, 3, 20, 40, 1, 17, 8)
	e := start(t, n, Options{Threads: 1})
	want := logits(t, e, seqs)
	r, err := e.Replica(2)
	if err != nil {
		t.Fatal(err)
	}
	if e.Threads() != 1 || r.Threads() != 2 || r.Device() != cpu || r.Precision() != FP32 {
		t.Errorf("got %d and %d threads on %s in %s", e.Threads(), r.Threads(), r.Device(), r.Precision())
	}
	var running sync.WaitGroup
	for _, engine := range []*Engine{e, r, e, r} {
		running.Go(func() {
			for range 20 {
				got := make([]float32, len(seqs))
				if err := engine.Logits(seqs, got); err != nil {
					t.Error(err)
				}
				for i := range got {
					if !(math.Abs(float64(got[i]-want[i])) < 1e-4) {
						t.Errorf("sequence %d: got %g, want %g", i, got[i], want[i])
					}
				}
			}
		})
	}
	running.Wait()
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	if err := e.Logits(seqs, want); !errors.Is(err, ErrClosed) {
		t.Errorf("a closed engine: got %v", err)
	}
	if err := r.Logits(seqs, want); err != nil {
		t.Errorf("its replica: %v", err)
	}
	if err := errors.Join(r.Close(), r.Close(), e.Close()); err != nil {
		t.Error(err)
	}
}

// TestPaddingChangesNoLogit: padding that is asked for, and a longer sequence beside it, leave a
// logit where it is.
func TestPaddingChangesNoLogit(t *testing.T) {
	requireLibrary(t)
	n := small()
	e := start(t, n, Options{Threads: 1})
	seqs := sample.Sequences(1, n, 17)
	want := logits(t, e, seqs)[0]
	seqs[0].Pad = 20
	if got := logits(t, e, seqs)[0]; !(math.Abs(float64(got-want)) < 1e-4) {
		t.Errorf("with 20 rows of padding: got %g, want %g", got, want)
	}
}

func TestRefusals(t *testing.T) {
	requireLibrary(t)
	for _, c := range []struct {
		name, want string
		opts       Options
	}{
		{"a device that is not known", `no device "tpu"; use one of cpu, cuda`, Options{Device: "tpu"}},
		{"a provider that the library lacks", "has no OpenVINO provider, it has ", Options{Device: "openvino"}},
		{"a precision", `no precision "int4"; it has [fp32 fp16 int8]`, Options{Precision: "int4"}},
		{"too many tokens", "sequences of up to 41 tokens were asked for", Options{MaxTokens: 41}},
	} {
		n := small()
		o, err := Begin(n, c.opts)
		if err == nil {
			for i := range n.Blocks {
				o.Block(i)
			}
			_, err = o.Start(c.opts)
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", c.name, err, c.want)
		}
	}
	e := start(t, small(), Options{})
	if err := e.Logits([]network.Sequence{{IDs: []int32{30}}}, make([]float32, 1)); err == nil {
		t.Error("a token beyond the vocabulary is computed")
	}
}

// TestProvidersOfTheLibrary: a provider whose own files are missing is an error with its name, not
// a silent computation on the CPU.
func TestProvidersOfTheLibrary(t *testing.T) {
	requireLibrary(t)
	l, err := openLibrary()
	if err != nil {
		t.Fatal(err)
	}
	has, err := l.providers()
	if err != nil || !slices.Contains(has, "CPU") {
		t.Fatalf("got the providers %v, %v; want CPU among them", has, err)
	}
	t.Logf("ONNX Runtime %s at %s has %v", l.version, l.path, has)
	if !slices.Contains(has, "CUDA") || Available("cuda") != nil {
		t.Skip("the library has no CUDA provider")
	}
	o, err := Begin(small(), Options{Device: "cuda"})
	if err != nil {
		t.Fatal(err)
	}
	for i := range o.network.Blocks {
		o.Block(i)
	}
	e, err := o.Start(Options{})
	if err == nil {
		t.Log("there is a CUDA device")
		e.Close()
	} else if !strings.Contains(err.Error(), "the CUDA provider of ONNX Runtime cannot be used here: ") {
		t.Errorf("got %v", err)
	}
}
