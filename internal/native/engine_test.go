package native

import (
	"sync"
	"testing"

	"github.com/crossrank/crossrank/internal/cpu"
	"github.com/crossrank/crossrank/internal/network"
	"github.com/crossrank/crossrank/internal/network/sample"
)

// small is a network whose passes are fast in plain Go too.
var small = sync.OnceValue(func() *network.Network {
	return sample.Network(42, sample.Geometry{
		Hidden: 32, Blocks: 3, Heads: 4, Intermediate: 72, Tokens: 1000, Positions: 512, Activation: network.GELU, Labels: 1,
	})
})

// open makes an engine on the small network.
func open(t testing.TB, threads int) *Engine {
	t.Helper()
	return start(t, small(), Options{Threads: threads})
}

func start(t testing.TB, n *network.Network, opts Options) *Engine {
	t.Helper()
	e, err := New(n, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

func logits(t testing.TB, e *Engine, seqs []network.Sequence) []float32 {
	t.Helper()
	out := make([]float32, len(seqs))
	if err := e.Logits(seqs, out); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestThreadsNeverChangeAScore: evenly divided or jointly, by any number of workers: the same bits.
func TestThreadsNeverChangeAScore(t *testing.T) {
	seqs := sample.Sequences(1, small(), 80, 3, 120, 41)
	want := logits(t, open(t, 1), seqs)
	for _, threads := range []int{2, 3} {
		e := open(t, threads)
		for i, q := range seqs {
			if got := logits(t, e, []network.Sequence{q})[0]; got != want[i] {
				t.Errorf("%d threads, %d tokens alone: %g, want %g", threads, len(q.IDs), got, want[i])
			}
		}
		for i, got := range logits(t, e, seqs) {
			if got != want[i] {
				t.Errorf("%d threads, %d tokens in a batch: %g, want %g", threads, len(seqs[i].IDs), got, want[i])
			}
		}
	}
}

func TestUneven(t *testing.T) {
	e := open(t, 2)
	for _, c := range []struct {
		name    string
		lengths []int
		want    bool
	}{
		{"one sequence", []int{80}, true},
		{"two alike", []int{80, 80}, false},
		{"one long, one short", []int{200, 20}, true},
		{"three alike", []int{80, 80, 80}, true},
		{"many", []int{80, 60, 100, 30, 45, 90, 70, 66, 50, 120}, false},
	} {
		e.divide(sample.Sequences(1, small(), c.lengths...))
		if got := e.uneven(); got != c.want {
			t.Errorf("%s: uneven is %v, want %v", c.name, got, c.want)
		}
	}
}

func TestLogitsRefusesBadSequences(t *testing.T) {
	e := open(t, 1)
	good := network.Sequence{IDs: []int32{1, 2, 3}, TypeBoundary: 2}
	for name, bad := range map[string]network.Sequence{
		"empty":            {},
		"too long":         {IDs: make([]int32, 513)},
		"negative token":   {IDs: []int32{1, -1, 2}},
		"token too large":  {IDs: []int32{1, 1 << 30}},
		"the vocabulary's": {IDs: []int32{int32(e.vocab)}},
		"padded too far":   {IDs: make([]int32, 500), Pad: 13},
		"padded backwards": {IDs: make([]int32, 5), Pad: -1},
	} {
		if err := e.Logits([]network.Sequence{good, bad}, make([]float32, 2)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if err := e.Logits([]network.Sequence{good, good}, make([]float32, 1)); err == nil {
		t.Error("out too small: no error")
	}
	if err := e.Logits(nil, nil); err != nil {
		t.Errorf("no sequences: %v", err)
	}
}

// TestPanicIsOneBatchsError: a worker that panics fails its batch, frees those who compute the same
// pass, and works on.
func TestPanicIsOneBatchsError(t *testing.T) {
	e := open(t, 2)
	for name, seqs := range map[string][]network.Sequence{"divided": sample.Sequences(2, small(), 20, 20), "joint": sample.Sequences(3, small(), 40)} {
		want := logits(t, e, seqs)
		for _, w := range e.workers {
			good := w.workspace
			w.workspace = &workspace{} // no memory to work in
			if err := e.Logits(seqs, make([]float32, len(seqs))); err == nil {
				t.Errorf("%s: no error from a worker that panicked", name)
			}
			w.workspace = good
			for i, got := range logits(t, e, seqs) {
				if got != want[i] {
					t.Errorf("%s: after a panic logit %d is %g, want %g", name, i, got, want[i])
				}
			}
		}
	}
}

func TestClose(t *testing.T) {
	e := open(t, 2)
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	if err := e.Logits(sample.Sequences(1, small(), 5), make([]float32, 1)); err != ErrClosed {
		t.Errorf("Logits after Close: %v, want ErrClosed", err)
	}
	if err := e.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
}

func TestUnknownTierIsRefused(t *testing.T) {
	t.Setenv(cpu.Variable, "avx1024")
	if _, err := New(small(), Options{}); err == nil {
		t.Error("no error for a tier that does not exist")
	}
}

func TestLogitsAllocatesNothing(t *testing.T) {
	e := open(t, 2)
	for name, seqs := range map[string][]network.Sequence{"divided": sample.Sequences(2, small(), 9, 9, 9, 9), "joint": sample.Sequences(3, small(), 9)} {
		out := make([]float32, len(seqs))
		if n := testing.AllocsPerRun(5, func() { e.Logits(seqs, out) }); n != 0 {
			t.Errorf("%s: %v allocations a batch, want none", name, n)
		}
	}
}
