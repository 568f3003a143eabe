package native

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/crossrank/crossrank/internal/cpu"
	"github.com/crossrank/crossrank/internal/kernel"
	"github.com/crossrank/crossrank/internal/network"
	"github.com/crossrank/crossrank/internal/network/sample"
)

// BenchmarkForward is one core's forward pass of MiniLM-L-6's geometry.
func BenchmarkForward(b *testing.B) {
	c := sample.Geometry{Hidden: 384, Blocks: 6, Heads: 12, Intermediate: 1536, Activation: network.GELU, Labels: 1,
		Tokens: 1000, Positions: 512}
	n := sample.Network(1, c)
	real := make([]int, 16) // the spread of real pairs: about 80 tokens, some of twice that
	for i := range real {
		real[i] = 40 + 6*i - i%3*7
	}
	for _, load := range []struct {
		name    string
		lengths []int
	}{{"pairs=1", []int{80}}, {"pairs=16", real}, {"pairs=1/tokens=512", []int{512}}} {
		seqs := sample.Sequences(1, n, load.lengths...)
		for _, tier := range cpu.Tiers() {
			if tier == cpu.Generic && len(seqs) > 1 {
				continue // it would run for minutes, and show the same as one pair
			}
			for _, precision := range Precisions {
				benchForward(b, fmt.Sprintf("%s/precision=%s/tier=%s", load.name, precision, tier), n, tier, precision, seqs)
			}
		}
	}
}

func benchForward(b *testing.B, name string, n *network.Network, tier cpu.Tier, precision Precision, seqs []network.Sequence) {
	k, err := kernel.For(tier)
	if err != nil {
		b.Fatal(err)
	}
	m, err := pack(n, k, precision)
	if err != nil {
		b.Fatal(err)
	}
	b.Run(name, func(b *testing.B) {
		s, w, logits := m.newScratch(n.MaxTokens()), m.newWorkspace(n.MaxTokens()), make([]float32, len(seqs))
		m.reserve(s, 1, len(seqs))
		inputs := inputsOf(seqs)
		b.ReportAllocs()
		for b.Loop() {
			m.forward(s, w, part{}, inputs, logits)
		}
		perSecond := float64(b.N) / b.Elapsed().Seconds()
		b.ReportMetric(perSecond*float64(len(seqs)), "pairs/s")
		b.ReportMetric(perSecond*flops(n, seqs)/1e9, "GFLOP/s")
		b.ReportMetric(perSecond*flops(n, seqs)/peak(k), "of-fp32-peak")
	})
}

// BenchmarkLayer is one full layer over a block of 256 tokens, by one core: what a forward pass
// repeats.
func BenchmarkLayer(b *testing.B) {
	c := sample.Geometry{Hidden: 384, Blocks: 2, Heads: 12, Intermediate: 1536, Activation: network.GELU, Labels: 1,
		Tokens: 1000, Positions: 512}
	n := sample.Network(1, c)
	seqs := sample.Sequences(1, n, 80, 64, 112)
	const rows = 80 + 64 + 112
	for _, tier := range cpu.Tiers() {
		for _, precision := range Precisions {
			k, err := kernel.For(tier)
			if err != nil {
				b.Fatal(err)
			}
			m, err := pack(n, k, precision)
			if err != nil {
				b.Fatal(err)
			}
			b.Run(fmt.Sprintf("precision=%s/tier=%s", precision, tier), func(b *testing.B) {
				s, w := m.newScratch(n.MaxTokens()), m.newWorkspace(n.MaxTokens())
				m.reserve(s, 1, len(seqs))
				inputs := inputsOf(seqs)
				m.embed(s, w, inputs, 0, rows)
				l := &m.layers[0]
				for b.Loop() {
					m.project(s, w, l, s.qkv, inputs, 0, rows)
					m.attend(s, w, l, s.qkv, inputs, 0, rows)
					m.afterAttention(w, l, s.x, s.context, rows)
				}
				perSecond := float64(b.N) / b.Elapsed().Seconds()
				b.ReportMetric(perSecond*rows, "tokens/s")
				h, f := float64(n.Hidden), float64(n.Intermediate)
				work := rows * 2 * (4*h*h + 2*h*f)
				for _, q := range seqs {
					work += 4 * float64(len(q.IDs)*len(q.IDs)) * h
				}
				b.ReportMetric(perSecond*work/1e9, "GFLOP/s")
			})
		}
	}
}

// peak measures the operations a second of float32 products on a block that stays in the
// first-level cache.
func peak(k *kernel.Set) float64 {
	const rows, in, runs = 24, 128, 2000
	w := new(kernel.Packer).Pack(kernel.Matrix{In: in, Data: make([]float32, in*kernel.Width)}, make([]float32, kernel.Width), in, kernel.Width)
	a, c := make([]float32, rows*in), make([]float32, rows*kernel.Width)
	best := time.Duration(math.MaxInt64)
	for range 10 { // the best of some, since a busy machine only ever slows one down
		start := time.Now()
		for range runs {
			k.MatMul(c, kernel.Width, a, in, rows, w, kernel.None, nil)
		}
		best = min(best, time.Since(start))
	}
	return 2 * rows * in * kernel.Width * runs / best.Seconds()
}

// flops counts the useful floating-point operations of a pass: two for each multiply-add of a
// product, and those of the last layer that only other tokens than [CLS] need not at all.
func flops(n *network.Network, seqs []network.Sequence) float64 {
	h, f := float64(n.Hidden), float64(n.Intermediate)
	var sum float64
	for _, q := range seqs {
		t := float64(len(q.IDs))
		full := t*2*(4*h*h+2*h*f) + 4*t*t*h
		heads := float64(n.Heads)
		last := 2*(4*h*h+2*h*f) + 4*t*h*heads
		sum += float64(len(n.Blocks)-1)*full + last + 2*h*h
	}
	return sum
}

// BenchmarkModernBERT is a pass by one core through layers of ModernBERT-base's shape: one global,
// two local, and a last one that is global, of which only one row a sequence is computed.
func BenchmarkModernBERT(b *testing.B) {
	n := sample.Network(42, sample.Geometry{
		Hidden: 768, Blocks: 4, Heads: 12, Intermediate: 1152, Tokens: 1000, Positions: 1, Activation: network.GELU, Labels: 1,
	})
	modernBERT(n)
	n.Blocks[1].Window, n.Blocks[2].Window, n.Blocks[3].Window = 64, 64, 0
	for _, precision := range Precisions {
		for _, lengths := range [][]int{{80, 80, 80}, {512}, {4096}} {
			b.Run(fmt.Sprintf("precision=%s/tokens=%d", precision, lengths[0]), func(b *testing.B) {
				e := start(b, n, Options{Threads: 1, Precision: precision, MaxTokens: 4096})
				seqs := sample.Sequences(1, n, lengths...)
				out, tokens := make([]float32, len(seqs)), 0
				for _, q := range seqs {
					tokens += len(q.IDs)
				}
				for b.Loop() {
					if err := e.Logits(seqs, out); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(b.N*tokens)/b.Elapsed().Seconds(), "tokens/s")
			})
		}
	}
}
