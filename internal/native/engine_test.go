package native

import (
	"errors"
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

// many is a replica for cores that this machine need not have.
func many(t testing.TB, e *Engine, cores int) *Engine {
	r := e.Replica(cores, nil)
	r.processors = func() int { return cores }
	t.Cleanup(func() { r.Close() })
	return r
}

func logits(t testing.TB, e *Engine, seqs []network.Sequence) []float32 {
	t.Helper()
	out := make([]float32, len(seqs))
	if err := e.Logits(seqs, out); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestPlansNeverChangeAScore: divided among any number of teams of any size: the same bits.
func TestPlansNeverChangeAScore(t *testing.T) {
	seqs := sample.Sequences(1, small(), 80, 3, 120, 41)
	want := logits(t, open(t, 1), seqs)
	for _, p := range []plan{
		{1, 1, 1}, {1, 2, 1}, {1, 3, 1}, {1, 7, 1}, {2, 1, 1}, {2, 2, 1}, {2, 3, 1}, {3, 1, 1}, {3, 2, 1}, {4, 1, 1}, {5, 1, 1},
		{1, 16, 2}, {1, 16, 4}, {1, 18, 3}, {2, 8, 2}, {2, 9, 1}, {2, 10, 2}, {1, 20, 4},
	} {
		e := open(t, p.teams*p.size)
		for range 2 {
			got := make([]float32, len(seqs))
			e.sort(inputsOf(seqs))
			if err := e.compute(inputsOf(seqs), got, p); err != nil {
				t.Fatal(err)
			}
			for i := range got {
				if got[i] != want[i] {
					t.Errorf("%+v: %d tokens: %g, want %g", p, len(seqs[i].IDs), got[i], want[i])
				}
			}
		}
	}
}

// TestThreadsNeverChangeAScore: with the plans that engines choose themselves.
func TestThreadsNeverChangeAScore(t *testing.T) {
	seqs := sample.Sequences(1, small(), 80, 3, 120, 41)
	want := logits(t, open(t, 1), seqs)
	for _, threads := range []int{2, 3, 8} {
		e := many(t, open(t, 1), threads)
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

// TestNoMoreWorkersThanProcessors: threads beyond the processors would take turns within a batch.
func TestNoMoreWorkersThanProcessors(t *testing.T) {
	e := many(t, start(t, small(), Options{Threads: 1}), 64)
	for _, processors := range []int{1, 2, 64, 100} {
		e.processors = func() int { return processors }
		for _, lengths := range [][]int{{80}, spreadLengths(32), spreadLengths(200)} {
			if p := e.plan(inputsOf(sample.Sequences(1, small(), lengths...))); p.teams*p.size > processors {
				t.Errorf("%d sequences on %d processors: the plan is %+v", len(lengths), processors, p)
			}
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
	for name, p := range map[string]plan{"divided": {2, 1, 1}, "joint": {1, 2, 1}} {
		seqs := sample.Sequences(2, small(), 20, 20)
		want := logits(t, e, seqs)
		for _, w := range e.workers {
			good := w.workspace
			w.workspace = &workspace{} // no memory to work in
			if err := e.compute(inputsOf(seqs), make([]float32, len(seqs)), p); err == nil {
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
	seqs := sample.Sequences(2, small(), 9, 9, 9, 9)
	inputs, out := inputsOf(seqs), make([]float32, len(seqs))
	for name, run := range map[string]func() error{
		"as planned": func() error { return e.Logits(seqs, out) },
		"divided":    func() error { return e.compute(inputs, out, plan{2, 1, 1}) },
		"joint":      func() error { return e.compute(inputs, out, plan{1, 2, 1}) },
	} {
		var err error
		if n := testing.AllocsPerRun(5, func() { err = errors.Join(err, run()) }); n != 0 || err != nil {
			t.Errorf("%s: %v allocations a batch, want none; error %v", name, n, err)
		}
	}
}
