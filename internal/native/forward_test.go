package native

import (
	"fmt"
	"math"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/crossrank/crossrank/internal/checkpoint"
	"github.com/crossrank/crossrank/internal/cpu"
	"github.com/crossrank/crossrank/internal/kernel"
	"github.com/crossrank/crossrank/internal/network"
)

// eachTier runs a test for every tier that this machine has, on a model made for it in each precision. Short
// runs leave plain Go to long ones.
func eachTier(t *testing.T, c *checkpoint.Model, precisions []Precision, test func(t *testing.T, m *model)) {
	for _, tier := range cpu.Tiers() {
		if testing.Short() && tier == cpu.Generic && tier != cpu.Tiers()[0] {
			continue
		}
		for _, precision := range precisions {
			t.Run(string(tier)+"/"+string(precision), func(t *testing.T) {
				k, err := kernel.For(tier)
				if err != nil {
					t.Fatal(err)
				}
				m, err := pack(c, k, precision)
				if err != nil {
					t.Fatal(err)
				}
				test(t, m)
			})
		}
	}
}

func randomSequences(rng *rand.Rand, c checkpoint.Config, lengths ...int) []network.Sequence {
	seqs := make([]network.Sequence, len(lengths))
	for i, n := range lengths {
		seqs[i] = network.Sequence{IDs: make([]int32, n), TypeBoundary: rng.IntN(n + 1)}
		for j := range seqs[i].IDs {
			seqs[i].IDs[j] = rng.Int32N(int32(c.VocabSize))
		}
	}
	return seqs
}

// geometries are small and awkward: head sizes and widths that are no multiples of 8 or 16, one layer, two labels.
var geometries = []checkpoint.Config{
	{Hidden: 32, Layers: 3, Heads: 4, Intermediate: 72, HiddenAct: checkpoint.GELU, Labels: 1},
	{Hidden: 20, Layers: 2, Heads: 5, Intermediate: 33, HiddenAct: checkpoint.GELUTanh, Labels: 2},
	{Hidden: 48, Layers: 1, Heads: 3, Intermediate: 100, HiddenAct: checkpoint.ReLU, Labels: 1},
	{Hidden: 7, Layers: 2, Heads: 1, Intermediate: 5, HiddenAct: checkpoint.GELU, Labels: 1},
	{Hidden: 64, Layers: 2, Heads: 1, Intermediate: 128, HiddenAct: checkpoint.GELU, Labels: 1},
}

func complete(c checkpoint.Config) checkpoint.Config {
	c.VocabSize, c.Positions, c.TypeVocab, c.NormEps = 50, 300, 2, 1e-12
	return c
}

func TestForwardAgreesWithFloat64(t *testing.T) {
	for _, c := range geometries {
		c = complete(c)
		t.Run(fmt.Sprintf("hidden=%d/heads=%d/%s", c.Hidden, c.Heads, c.HiddenAct), func(t *testing.T) {
			ckpt := randomModel(7, c)
			seqs := randomSequences(rand.New(rand.NewPCG(8, 1)), c, 1, 2, 3, 15, 16, 17, 40, 100, 7, 90, 5)
			eachTier(t, ckpt, []Precision{FP32}, func(t *testing.T, m *model) {
				logits := make([]float32, len(seqs))
				forward(m, c, seqs, logits)
				for i, q := range seqs {
					want := reference(ckpt, q)
					if e := math.Abs(float64(logits[i]) - want); !(e <= 1e-4) {
						t.Errorf("sequence of %d tokens: logit %g, want %g, error %.2g", len(q.IDs), logits[i], want, e)
					}
				}
			})
		})
	}
}

// TestInt8IsNearFloat: 7-bit operands change a logit by a few percent of the spread of logits, in networks as random as these.
func TestInt8IsNearFloat(t *testing.T) {
	for _, c := range geometries {
		c = complete(c)
		if c.Hidden < 32 {
			continue // so few products do not average their rounding out
		}
		ckpt := randomModel(7, c)
		lengths := make([]int, 60)
		for i := range lengths {
			lengths[i] = 5 + i
		}
		if testing.Short() {
			lengths = lengths[20:35]
		}
		seqs := randomSequences(rand.New(rand.NewPCG(8, 1)), c, lengths...)
		var want []float64
		for _, q := range seqs {
			want = append(want, reference(ckpt, q))
		}
		eachTier(t, ckpt, []Precision{INT8}, func(t *testing.T, m *model) {
			logits := make([]float32, len(seqs))
			forward(m, c, seqs, logits)
			var diff, spread, mean float64
			for i, v := range want {
				diff += math.Abs(float64(logits[i])-v) / float64(len(want))
				mean += v / float64(len(want))
			}
			for _, v := range want {
				spread += math.Abs(v-mean) / float64(len(want))
			}
			t.Logf("hidden %d: mean error %.3g, mean deviation of logits %.3g", c.Hidden, diff, spread)
			if !(diff <= 0.15*spread) || diff == 0 {
				t.Errorf("mean error %g beside logits that deviate by %g; want some, at most 15 %%", diff, spread)
			}
		})
	}
}

func TestUnknownPrecisionIsRefused(t *testing.T) {
	k, err := kernel.For(cpu.Generic)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := pack(randomModel(1, complete(geometries[0])), k, "fp8"); err == nil {
		t.Error("no error for a precision that does not exist")
	}
}

// forward is a whole pass by one worker with memory of its own.
func forward(m *model, c checkpoint.Config, seqs []network.Sequence, logits []float32) {
	s := m.newScratch(c.Positions)
	m.reserve(s, len(seqs))
	m.forward(s, m.newWorkspace(c.Positions), part{}, seqs, logits)
}

// TestBatchNeverChangesAScore: alone, in any batch, in any order, by any number of workers: the same bits.
func TestBatchNeverChangesAScore(t *testing.T) {
	c := complete(geometries[0])
	ckpt := randomModel(9, c)
	rng := rand.New(rand.NewPCG(10, 1))
	seqs := randomSequences(rng, c, 3, 300, 8, 64, 65, 20, 19, 5, 120, 77, 4, 33, 256, 12, 90)
	eachTier(t, ckpt, Precisions, func(t *testing.T, m *model) {
		alone := make([]float32, len(seqs))
		for i := range seqs {
			forward(m, c, seqs[i:i+1], alone[i:i+1])
		}
		s := m.newScratch(c.Positions) // used again, as an engine does
		for workers := 1; workers <= 5; workers++ {
			for range 3 {
				order := rng.Perm(len(seqs))[:1+rng.IntN(len(seqs))]
				batch, logits := make([]network.Sequence, len(order)), make([]float32, len(order))
				for i, at := range order {
					batch[i] = seqs[at]
				}
				m.reserve(s, len(batch))
				barrier := newBarrier(workers)
				var wg sync.WaitGroup
				for i := range workers {
					wg.Go(func() {
						m.forward(s, m.newWorkspace(c.Positions), part{Index: i, Count: workers, barrier: barrier}, batch, logits)
					})
				}
				wg.Wait()
				for i, at := range order {
					if math.Float32bits(logits[i]) != math.Float32bits(alone[at]) {
						t.Fatalf("sequence %d: %g in a batch of %d by %d workers, %g alone", at, logits[i], len(batch), workers, alone[at])
					}
				}
			}
		}
	})
}

func TestForwardAllocatesNothing(t *testing.T) {
	c := complete(geometries[0])
	seqs := randomSequences(rand.New(rand.NewPCG(11, 1)), c, 50, 20, 300, 5)
	eachTier(t, randomModel(11, c), Precisions, func(t *testing.T, m *model) {
		s, w, logits := m.newScratch(c.Positions), m.newWorkspace(c.Positions), make([]float32, len(seqs))
		m.reserve(s, len(seqs))
		if n := testing.AllocsPerRun(5, func() { m.forward(s, w, part{}, seqs, logits) }); n != 0 {
			t.Errorf("%v allocations a pass, want none", n)
		}
	})
}

func TestBrokenBarrierFreesWaiters(t *testing.T) {
	b := newBarrier(2)
	freed := make(chan any)
	go func() {
		defer func() { freed <- recover() }()
		b.Wait()
	}()
	b.Break()
	if got := <-freed; got != errBroken {
		t.Errorf("waiting at a broken barrier: panic %v, want errBroken", got)
	}
	b.Reset()
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(b.Wait)
	}
	wg.Wait()
}

func TestShareCoversAllRowsOnce(t *testing.T) {
	for n := range 50 {
		for count := 1; count <= 7; count++ {
			next := 0
			for i := range count {
				low, high := part{Index: i, Count: count}.of(n, 6)
				if low != min(next, n) || high < low || (high < n && high%6 != 0) {
					t.Fatalf("%d rows, worker %d of %d: %d to %d, want to start at %d", n, i, count, low, high, next)
				}
				next = high
			}
			if next != n {
				t.Fatalf("%d rows, %d workers: only %d covered", n, count, next)
			}
		}
	}
}

func TestNewRefusesAnUnknownActivation(t *testing.T) {
	c := complete(geometries[0])
	c.HiddenAct = "swish"
	k, err := kernel.For(cpu.Generic)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := pack(randomModel(1, c), k, FP32); err == nil {
		t.Error("no error for an activation without a kernel")
	}
}
