package webgpu

import (
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/crossrank/crossrank/internal/cpu"
	"github.com/crossrank/crossrank/internal/native"
	"github.com/crossrank/crossrank/internal/network"
	"github.com/crossrank/crossrank/internal/network/sample"
)

// open opens an engine on a device for tests, and fails the test if the device reported an error by
// its end.
func open(t testing.TB, n *network.Network, opts Options) *Engine {
	t.Helper()
	testLibrary(t)
	opts.Device = DeviceTesting
	e, err := New(n, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if s := e.session; s != nil {
			if err := s.failure(); err != nil {
				t.Error(err)
			}
		}
		e.Close()
	})
	return e
}

func logits(t testing.TB, e interface {
	Logits([]network.Sequence, []float32) error
}, seqs []network.Sequence) []float32 {
	t.Helper()
	out := make([]float32, len(seqs))
	if err := e.Logits(seqs, out); err != nil {
		t.Fatal(err)
	}
	return out
}

// plainGo computes with the native executor's plain Go.
func plainGo(t testing.TB, n *network.Network, maxTokens int, seqs []network.Sequence) []float32 {
	t.Helper()
	e, err := native.New(n, native.Options{Tier: cpu.Generic, Threads: 1, MaxTokens: maxTokens})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	return logits(t, e, seqs)
}

// small is a network whose widths are no powers of two.
func small() *network.Network {
	return sample.Network(5, sample.Geometry{
		Hidden: 44, Blocks: 2, Heads: 2, Intermediate: 70, Tokens: 100, Positions: 150, Activation: network.GELU, Labels: 2,
	})
}

// TestPlain: where the device has the operations of subgroups, sums are computed with them, and
// otherwise alike within rounding.
func TestPlain(t *testing.T) {
	testLibrary(t)
	n := small()
	e, plain := open(t, n, Options{}), open(t, n, Options{plain: true})
	if plain.session.subgroups {
		t.Error("a plain engine has the operations of subgroups")
	}
	if !e.session.subgroups {
		t.Skip("this device has no operations of subgroups")
	}
	if !strings.Contains(strings.Join(slices.Collect(maps.Keys(e.session.pipelines)), ""), "subgroupAdd(") {
		t.Error("no shader has the operations of subgroups")
	}
	seqs := sample.Sequences(1, n, 1, 17, 64, 129)
	want, got := logits(t, plain, seqs), logits(t, e, seqs)
	for i := range seqs {
		if diff := math.Abs(float64(got[i]) - float64(want[i])); !(diff <= 1e-5) {
			t.Errorf("%d tokens: got %g, want %g", len(seqs[i].IDs), got[i], want[i])
		}
		if alone := logits(t, e, seqs[i:i+1])[0]; alone != got[i] {
			t.Errorf("%d tokens: %g alone, %g in the batch", len(seqs[i].IDs), alone, got[i])
		}
	}
}

// TestSmall compares both precisions with plain Go, in a batch and one by one, at lengths around
// the sizes of tiles.
func TestSmall(t *testing.T) {
	testLibrary(t)
	n := small()
	seqs := sample.Sequences(1, n, 1, 2, 15, 16, 17, 31, 32, 33, 63, 64, 65, 129, 3)
	want := plainGo(t, n, 0, seqs)
	for _, c := range []struct {
		precision Precision
		tolerance float64
	}{{FP32, 1e-4}, {FP16, 3e-2}} {
		t.Run(string(c.precision), func(t *testing.T) {
			e := open(t, n, Options{Precision: c.precision})
			if got := len(e.session.steps); got != 4+7+9 {
				t.Errorf("%d dispatches, want 7 for the first block, 9 for the last one and 4 for the rest", got)
			}
			got := logits(t, e, seqs)
			worst := 0.0
			for i := range seqs {
				diff := math.Abs(float64(got[i]) - float64(want[i]))
				if !(diff <= c.tolerance) {
					t.Errorf("%d tokens: got %g, want %g", len(seqs[i].IDs), got[i], want[i])
				}
				worst = max(worst, diff)
				if alone := logits(t, e, seqs[i:i+1])[0]; alone != got[i] {
					t.Errorf("%d tokens: %g alone, %g in the batch", len(seqs[i].IDs), alone, got[i])
				}
			}
			t.Logf("%s: largest error %.2g, %d bytes, %v busy, %s", e.Device(), worst, e.Memory(), e.Busy(), e.Tuning())
		})
	}
}
