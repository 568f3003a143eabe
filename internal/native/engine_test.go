package native

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"sync"
	"testing"

	"github.com/crossrank/crossrank/internal/checkpoint"
	"github.com/crossrank/crossrank/internal/cpu"
	"github.com/crossrank/crossrank/internal/material"
	"github.com/crossrank/crossrank/internal/network"
)

var builtin = sync.OnceValues(func() (*checkpoint.Model, error) { return checkpoint.Open("builtin:minilm-l6") })

// open makes an engine on the built-in model.
func open(t testing.TB, threads int) *Engine {
	t.Helper()
	m, err := builtin()
	if err != nil {
		t.Fatal(err)
	}
	return start(t, m, threads)
}

func start(t testing.TB, m *checkpoint.Model, threads int) *Engine {
	t.Helper()
	e, err := New(m, Options{Threads: threads})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

func sequences(rng *rand.Rand, lengths ...int) []network.Sequence {
	seqs := make([]network.Sequence, len(lengths))
	for i, n := range lengths {
		seqs[i] = network.Sequence{IDs: make([]int32, n), TypeBoundary: min(n, 8)}
		for j := range seqs[i].IDs {
			seqs[i].IDs[j] = rng.Int32N(1000)
		}
	}
	return seqs
}

func logits(t testing.TB, e *Engine, seqs []network.Sequence) []float32 {
	t.Helper()
	out := make([]float32, len(seqs))
	if err := e.Logits(seqs, out); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestFixtures holds every tier to the float64 logits that PyTorch computed, in one batch and one by one. Short runs
// take a few cases and leave plain Go out.
func TestFixtures(t *testing.T) {
	for _, name := range []string{"bert-a-f32", "bert-b-bf16"} {
		for _, tier := range cpu.Tiers() {
			if testing.Short() && tier == cpu.Generic && tier != cpu.Tiers()[0] {
				continue
			}
			t.Run(name+"/"+string(tier), func(t *testing.T) {
				t.Setenv(cpu.Variable, string(tier))
				m, err := checkpoint.Open(material.Model(t, name))
				if err != nil {
					t.Fatal(err)
				}
				seqs, want := fixtures(t, name)
				if testing.Short() {
					seqs, want = seqs[:min(24, len(seqs))], want[:min(24, len(want))]
				}
				e := start(t, m, 2)
				got := logits(t, e, seqs)
				worst := 0.0
				for i := range seqs {
					diff := math.Abs(float64(got[i]) - want[i])
					if !(diff <= 1e-4) {
						t.Errorf("case %d: logit %g, want %g", i, got[i], want[i])
					}
					worst = max(worst, diff)
					if alone := logits(t, e, seqs[i:i+1])[0]; alone != got[i] {
						t.Errorf("case %d: %g alone, %g in the batch", i, alone, got[i])
					}
				}
				t.Logf("%d cases, largest error %.2g", len(seqs), worst)
			})
		}
	}
}

func fixtures(t *testing.T, name string) (seqs []network.Sequence, want []float64) {
	t.Helper()
	data, err := os.ReadFile(material.Path(t, "fixtures", name, "expected.json"))
	if err != nil {
		t.Fatal(err)
	}
	var expected struct {
		Cases []struct {
			IDs     []int32   `json:"ids"`
			TypeIDs []int     `json:"type_ids"`
			Logits  []float64 `json:"logits"`
		} `json:"cases"`
	}
	if err := json.Unmarshal(data, &expected); err != nil {
		t.Fatal(err)
	}
	for _, c := range expected.Cases {
		split := len(c.IDs)
		for i, kind := range c.TypeIDs {
			if kind == 1 {
				split = i
				break
			}
		}
		seqs = append(seqs, network.Sequence{IDs: c.IDs, TypeBoundary: split})
		want = append(want, c.Logits[0])
	}
	return seqs, want
}

// TestThreadsNeverChangeAScore: evenly divided or shared, by any number of workers: the same bits.
func TestThreadsNeverChangeAScore(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	seqs := sequences(rng, 80, 3, 120, 41)
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
		e.divide(sequences(rand.New(rand.NewPCG(1, 1)), c.lengths...))
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

// TestPanicIsOneBatchsError: a worker that panics fails its batch, frees those who share it, and works on.
func TestPanicIsOneBatchsError(t *testing.T) {
	e := open(t, 2)
	rng := rand.New(rand.NewPCG(2, 1))
	for name, seqs := range map[string][]network.Sequence{"divided": sequences(rng, 20, 20), "shared": sequences(rng, 40)} {
		want := logits(t, e, seqs)
		for _, w := range e.workers {
			good := w.work
			w.work = &workspace{} // no memory to work in
			if err := e.Logits(seqs, make([]float32, len(seqs))); err == nil {
				t.Errorf("%s: no error from a worker that panicked", name)
			}
			w.work = good
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
	if err := e.Logits(sequences(rand.New(rand.NewPCG(1, 1)), 5), make([]float32, 1)); err != ErrClosed {
		t.Errorf("Logits after Close: %v, want ErrClosed", err)
	}
	if err := e.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
}

func TestUnknownTierIsRefused(t *testing.T) {
	t.Setenv(cpu.Variable, "avx1024")
	m, err := builtin()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := New(m, Options{}); err == nil {
		t.Error("no error for a tier that does not exist")
	}
}

func TestLogitsAllocatesNothing(t *testing.T) {
	e := open(t, 2)
	rng := rand.New(rand.NewPCG(3, 1))
	for name, seqs := range map[string][]network.Sequence{"divided": sequences(rng, 9, 9, 9, 9), "shared": sequences(rng, 9)} {
		out := make([]float32, len(seqs))
		if n := testing.AllocsPerRun(5, func() { e.Logits(seqs, out) }); n != 0 {
			t.Errorf("%s: %v allocations a batch, want none", name, n)
		}
	}
}
