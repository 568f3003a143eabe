package native

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/crossrank/crossrank/internal/cpu"
	"github.com/crossrank/crossrank/internal/kernel"
	"github.com/crossrank/crossrank/internal/network"
	"github.com/crossrank/crossrank/internal/network/sample"
)

// additions are tiers that have everything from the tier below but the kernels of some precisions.
var additions = map[cpu.Tier][]Precision{
	cpu.NEONDot: {INT8}, cpu.NEONI8MM: {INT8}, cpu.NEONBF16: {BF16Dot},
	cpu.AVXVNNI: {INT8}, cpu.AVX512VNNI: {INT8}, cpu.AVX512BF16: {BF16Dot}, cpu.AMX: {INT8, BF16Dot},
}

// skipped says whether tests of a tier leave a precision out: where its kernels are those of a
// lower tier and, in short runs, in plain Go.
func skipped(tier cpu.Tier, precision Precision) bool {
	added, some := additions[tier]
	return some && !slices.Contains(added, precision) ||
		testing.Short() && tier == cpu.Generic && tier != cpu.Tiers()[0]
}

// eachTier runs a test on a model packed for each tier that this machine has, in each precision,
// but for what is [skipped].
func eachTier(t *testing.T, n *network.Network, precisions []Precision, test func(t *testing.T, m *model)) {
	for _, tier := range cpu.Tiers() {
		for _, precision := range precisions {
			if skipped(tier, precision) {
				continue
			}
			t.Run(string(tier)+"/"+string(precision), func(t *testing.T) {
				k, err := kernel.For(tier)
				if err != nil {
					t.Fatal(err)
				}
				m, err := pack(n, k, precision)
				if err != nil {
					t.Fatal(err)
				}
				m.prepare(300)
				test(t, m)
			})
		}
	}
}

// geometries are small and awkward: head sizes and widths that are no multiples of 8 or 16, one
// block, two labels.
var geometries = []sample.Geometry{
	{Hidden: 32, Blocks: 3, Heads: 4, Intermediate: 72, Activation: network.GELU, Labels: 1},
	{Hidden: 20, Blocks: 2, Heads: 5, Intermediate: 33, Activation: network.GELUTanh, Labels: 2},
	{Hidden: 48, Blocks: 1, Heads: 3, Intermediate: 100, Activation: network.ReLU, Labels: 1},
	{Hidden: 7, Blocks: 2, Heads: 1, Intermediate: 5, Activation: network.GELU, Labels: 1},
	{Hidden: 64, Blocks: 2, Heads: 1, Intermediate: 128, Activation: network.GELU, Labels: 1},
}

func complete(c sample.Geometry) sample.Geometry {
	c.Tokens, c.Positions = 50, 300
	return c
}

func TestForwardAgreesWithFloat64(t *testing.T) {
	for _, c := range geometries {
		c = complete(c)
		t.Run(fmt.Sprintf("hidden=%d/heads=%d/%s", c.Hidden, c.Heads, c.Activation), func(t *testing.T) {
			agreesWithFloat64(t, sample.Network(7, c), 1, 2, 3, 15, 16, 17, 40, 100, 7, 90, 5)
		})
	}
}

func agreesWithFloat64(t *testing.T, n *network.Network, lengths ...int) {
	seqs := sample.Sequences(8, n, lengths...)
	eachTier(t, n, []Precision{FP32}, func(t *testing.T, m *model) {
		logits := make([]float32, len(seqs))
		forward(m, cmp.Or(n.MaxTokens(), 100), seqs, logits)
		for i, q := range seqs {
			want := float64Logit(n, q)
			if e := math.Abs(float64(logits[i]) - want); !(e <= 1e-4) {
				t.Errorf("sequence of %d tokens: logit %g, want %g, error %.2g", len(q.IDs), logits[i], want, e)
			}
		}
	})
}

// TestDescriptionIsComputed changes one thing at a time in a description: what the executor
// computes follows.
func TestDescriptionIsComputed(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*network.Network)
	}{
		{"the head reads the last token", func(n *network.Network) { n.Head.Pooling = network.LastToken }},
		{"no types", func(n *network.Network) { n.Embeddings.Types = nil }},
		{"one type", func(n *network.Network) {
			n.Embeddings.Types.Rows, n.Embeddings.Types.Data = 1, n.Embeddings.Types.Data[:n.Hidden]
		}},
		{"no biases", func(n *network.Network) {
			n.Embeddings.Norm.Bias, n.Head.Dense.Bias, n.Head.Output.Bias = nil, nil, nil
			for i := range n.Blocks {
				b := &n.Blocks[i]
				for _, l := range []*network.Linear{&b.Query, &b.Key, &b.Value, &b.AttentionOutput, &b.Up, &b.Down} {
					l.Bias = nil
				}
				b.AttentionNorm.Bias, b.FeedForwardNorm.Bias = nil, nil
			}
		}},
		{"another eps in each norm", func(n *network.Network) {
			n.Embeddings.Norm.Eps, n.Blocks[0].AttentionNorm.Eps, n.Blocks[2].FeedForwardNorm.Eps = 0.5, 0.4, 0.3
		}},
		{"positions with an offset", func(n *network.Network) { n.Embeddings.Positions.Offset = 2 }},
		{"positions with an offset, and padding in the text", padded},
		{"no positions", func(n *network.Network) { n.Embeddings.Positions = nil }},
		{"no positions and no types", func(n *network.Network) { n.Embeddings.Positions, n.Embeddings.Types = nil, nil }},
		{"narrow embeddings", narrow},
		{"narrow embeddings, projected before their norm", func(n *network.Network) { narrow(n); projectFirst(n) }},
		{"a head with GELU", func(n *network.Network) { n.Head.Activation = network.GELU }},
		{"a head with GELU by tanh", func(n *network.Network) { n.Head.Activation = network.GELUTanh }},
		{"a head with ReLU", func(n *network.Network) { n.Head.Activation = network.ReLU }},
		{"a head with SiLU", func(n *network.Network) { n.Head.Activation = network.SiLU }},
		{"a head without an activation", func(n *network.Network) { n.Head.Activation = network.NoActivation }},
		{"a head without a dense layer", func(n *network.Network) { n.Head.Dense = nil }},
		{"a head with a norm", headNorm},
		{"a head with a norm and no dense layer", func(n *network.Network) { headNorm(n); n.Head.Dense = nil }},
		{"the head reads the mean", mean},
		{"rotary positions", turned},
		{"rotary positions of part of a head", turnedInPart},
		{"windows", windowed},
		{"a window in the first block", windowedFirst},
		{"gates", gated},
		{"pre-norm blocks", preNorm},
		{"pre-norm blocks without a final norm", func(n *network.Network) { n.PreNorm = true }},
		{"pre-norm blocks that lack norms", func(n *network.Network) {
			n.PreNorm, n.Blocks[0].AttentionNorm, n.Blocks[1].FeedForwardNorm, n.Blocks[2].AttentionNorm = true, nil, nil, nil
		}},
		{"a final norm of post-norm blocks", func(n *network.Network) { n.FinalNorm = n.Blocks[0].AttentionNorm }},
		{"a head wider than the stream", func(n *network.Network) {
			wide := sample.Network(3, sample.Geometry{
				Hidden: 2 * n.Hidden, Blocks: 1, Heads: 1, Intermediate: 1, Tokens: 1, Positions: 1, Labels: 1,
			})
			d := wide.Head.Dense
			d.In, d.Weight = n.Hidden, d.Weight[:n.Hidden*d.Out]
			n.Head.Dense, n.Head.Output = d, wide.Head.Output
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := sample.Network(7, complete(geometries[0]))
			c.change(n)
			agreesWithFloat64(t, n, 1, 9, 33)
		})
	}
}

// padded makes a quarter of the tokens padding, which is not counted among the positions.
func padded(n *network.Network) {
	n.Embeddings.Positions.Offset, n.Embeddings.Tokens.Rows = 4, 4
	n.Embeddings.Tokens.Data = n.Embeddings.Tokens.Data[:4*n.Embeddings.Tokens.Width]
}

// narrow makes embeddings of another width than the blocks.
func narrow(n *network.Network) {
	const width = 19
	other := sample.Network(4, complete(sample.Geometry{Hidden: width, Blocks: 1, Heads: 1, Intermediate: 1, Labels: 1}))
	up := n.Blocks[0].Up
	n.Embeddings = other.Embeddings
	n.Embeddings.Projection = &network.Linear{
		In: width, Out: n.Hidden, Weight: up.Weight[:width*n.Hidden], Bias: up.Bias[:n.Hidden],
	}
}

// projectFirst puts the projection of narrow embeddings before their norm, which becomes as wide as
// the blocks.
func projectFirst(n *network.Network) {
	n.Embeddings.ProjectFirst, n.Embeddings.Norm = true, n.Blocks[0].AttentionNorm
}

// TestInt8IsNearFloat: 7-bit operands change a logit by a few percent of the spread of logits, in
// networks as random as these.
func TestInt8IsNearFloat(t *testing.T) {
	for _, c := range geometries {
		c = complete(c)
		if c.Hidden < 32 {
			continue // so few products do not average their rounding out
		}
		n := sample.Network(7, c)
		lengths := make([]int, 60)
		for i := range lengths {
			lengths[i] = 5 + i
		}
		if testing.Short() {
			lengths = lengths[20:35]
		}
		seqs := sample.Sequences(8, n, lengths...)
		var want []float64
		for _, q := range seqs {
			want = append(want, float64Logit(n, q))
		}
		eachTier(t, n, []Precision{INT8}, func(t *testing.T, m *model) {
			logits := make([]float32, len(seqs))
			forward(m, c.Positions, seqs, logits)
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

// forward is a whole pass by one worker with memory of its own.
func forward(m *model, maxTokens int, seqs []network.Sequence, logits []float32) {
	s := m.newScratch(maxTokens)
	m.reserve(s, 1, len(seqs))
	m.forward(s, m.newWorkspace(maxTokens), part{}, inputsOf(seqs), logits)
}

// TestBatchNeverChangesAScore: alone, in any batch, in any order, by any number of workers: the
// same bits.
func TestBatchNeverChangesAScore(t *testing.T) {
	for _, c := range []struct {
		name    string
		changes []func(*network.Network)
	}{
		{"BERT", nil},
		{"padding in the text, narrow embeddings", []func(*network.Network){narrow, padded}},
		{"narrow embeddings, projected before their norm", []func(*network.Network){narrow, projectFirst}},
		{"ModernBERT", []func(*network.Network){modernBERT}},
		{"ModernBERT, the mean", []func(*network.Network){modernBERTMean}},
		{"GTE", []func(*network.Network){gte}},
		{"DeBERTa", []func(*network.Network){deBERTa}},
		{"Qwen", []func(*network.Network){decoder}},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := sample.Network(9, complete(geometries[0]))
			for _, change := range c.changes {
				change(n)
			}
			longest := 300 - 4
			if testing.Short() && c.changes != nil {
				longest = 130 // an emulator is slow
			}
			batchNeverChangesAScore(t, n, longest)
		})
	}
}

// batchNeverChangesAScore is the test for one network with sequences of up to longest tokens.
func batchNeverChangesAScore(t *testing.T, n *network.Network, longest int) {
	rng := rand.New(rand.NewPCG(10, 1))
	seqs := sample.Sequences(10, n, 3, longest, 8, 64, 65, 20, 19, 5, 120, 77, 4, 33, min(256, longest), 12, 90)
	orders, teams := 3, []int{1, 2, 3, 4, 5}
	if testing.Short() {
		orders, teams = 1, []int{2, 5}
	}
	eachTier(t, n, Precisions, func(t *testing.T, m *model) {
		alone := make([]float32, len(seqs))
		for i := range seqs {
			forward(m, longest, seqs[i:i+1], alone[i:i+1])
		}
		s := m.newScratch(longest) // used again, as an engine does
		for _, workers := range teams {
			for range orders {
				order := rng.Perm(len(seqs))[:1+rng.IntN(len(seqs))]
				batch, logits := make([]network.Sequence, len(order)), make([]float32, len(order))
				for i, at := range order {
					batch[i] = seqs[at]
				}
				m.reserve(s, workers, len(batch))
				barrier, tails := newBarrier(), m.cutTails(workers)
				barrier.reset(workers)
				var wg sync.WaitGroup
				for i := range workers {
					wg.Go(func() {
						m.forward(s, m.newWorkspace(longest), part{index: i, count: workers, barrier: barrier, tails: tails}, inputsOf(batch), logits)
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
	for name, change := range map[string]func(*network.Network){
		"BERT": func(*network.Network) {}, "ModernBERT": modernBERT, "GTE": gte, "DeBERTa": deBERTa, "Qwen": decoder,
		"padding in the text, narrow embeddings": func(n *network.Network) { narrow(n); padded(n) },
	} {
		t.Run(name, func(t *testing.T) {
			n := sample.Network(11, complete(geometries[0]))
			change(n)
			seqs := sample.Sequences(11, n, 50, 20, 290, 5)
			eachTier(t, n, Precisions, func(t *testing.T, m *model) {
				s, w, logits := m.newScratch(300), m.newWorkspace(300), make([]float32, len(seqs))
				m.reserve(s, 1, len(seqs))
				inputs := inputsOf(seqs)
				if n := testing.AllocsPerRun(5, func() { m.forward(s, w, part{}, inputs, logits) }); n != 0 {
					t.Errorf("%v allocations a pass, want none", n)
				}
			})
		})
	}
}
