package kernel

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/crossrank/crossrank/internal/cpu"
)

func eachTierBench(b *testing.B, bench func(b *testing.B, s *Set)) {
	for _, tier := range cpu.Tiers() {
		s, err := For(tier)
		if err != nil {
			b.Fatal(err)
		}
		b.Run("tier="+string(tier), func(b *testing.B) { bench(b, s) })
	}
}

func report(b *testing.B, flops int) {
	b.ReportMetric(float64(flops)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
}

// BenchmarkTile is the product on a block that stays in the first-level cache: the peak that the
// other products are compared with.
func BenchmarkTile(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 1))
	eachTierBench(b, func(b *testing.B, s *Set) {
		const k = 128
		rows := len(s.tile)
		w, a, c := pack(random(rng, k*16, 1), make([]float32, 32), k, 16), random(rng, rows*k, 1), make([]float32, rows*32)
		panels := 1
		for b.Loop() {
			for range 100 {
				if s.pair != nil {
					panels = 2 // the same panel twice
					s.pair[rows-1](k, &a[0], k, &w.data[0], 0, &c[0], 0, &c[0], 32, &w.data[0], 1)
				} else {
					s.tile[rows-1](k, &a[0], k, &w.data[0], &w.bias[0], 0, &c[0], 16, &w.data[0], 1)
				}
			}
		}
		report(b, 100*2*rows*panels*16*k)
	})
}

// BenchmarkMatMul has the shapes of MiniLM-L-6.
func BenchmarkMatMul(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 1))
	for _, shape := range []struct {
		name    string
		in, out int
		act     Act
	}{{"qkv", 384, 1152, None}, {"output", 384, 384, None}, {"up", 384, 1536, GELU}, {"down", 1536, 384, None}} {
		for _, rows := range []int{1, 16, 80, 256} {
			w := pack(random(rng, shape.in*shape.out, 1), random(rng, shape.out, 1), shape.in, shape.out)
			a, c := random(rng, rows*shape.in, 1), make([]float32, rows*shape.out)
			b.Run(fmt.Sprintf("shape=%s/rows=%d", shape.name, rows), func(b *testing.B) {
				eachTierBench(b, func(b *testing.B, s *Set) {
					for b.Loop() {
						s.MatMul(c, shape.out, a, shape.in, rows, w, shape.act, nil)
					}
					report(b, 2*rows*shape.in*shape.out)
				})
			})
		}
	}
}

// BenchmarkAttentionWindow compares attention over a whole sequence with that within ModernBERT's
// window.
func BenchmarkAttentionWindow(b *testing.B) {
	s, err := For(cpu.Tiers()[0])
	if err != nil {
		b.Fatal(err)
	}
	h := Heads{Count: 12, Size: 64, Scale: 0.125}
	const width = 12 * 64
	for _, n := range []int{128, 512, 2048} {
		rng := rand.New(rand.NewPCG(1, 1))
		qkv, out := random(rng, n*3*width, 1), make([]float32, n*width)
		scratch := make([]float32, AttentionScratch(n, h))
		b.Run(fmt.Sprintf("tokens=%d/window=none", n), func(b *testing.B) {
			for b.Loop() {
				s.Attention(out, width, qkv, 3*width, qkv[width:], qkv[2*width:], 3*width, n, n, h, scratch)
			}
		})
		b.Run(fmt.Sprintf("tokens=%d/window=64", n), func(b *testing.B) {
			for b.Loop() {
				s.AttentionWindow(out, width, qkv, 3*width, qkv[width:], qkv[2*width:], 3*width, n, 0, n, 64, h, scratch)
			}
		})
	}
}

func BenchmarkAttention(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 1))
	h := Heads{Count: 12, Size: 32, Scale: 0.17677669}
	for _, n := range []int{16, 80, 128, 512} {
		b.Run(fmt.Sprintf("tokens=%d", n), func(b *testing.B) {
			eachTierBench(b, func(b *testing.B, s *Set) {
				ld := 3 * 384
				qkv, out := random(rng, (Pad(n)+1)*ld, 1), make([]float32, n*384)
				scratch := make([]float32, AttentionScratch(n, h))
				for b.Loop() {
					s.Attention(out, 384, qkv, ld, qkv[384:], qkv[768:], ld, n, n, h, scratch)
				}
				report(b, 4*n*n*384)
			})
		})
	}
}

func BenchmarkLayerNorm(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 1))
	eachTierBench(b, func(b *testing.B, s *Set) {
		x, y, g := random(rng, 384, 1), random(rng, 384, 1), random(rng, 384, 1)
		for b.Loop() {
			s.LayerNorm(x, x, y, g, g, 384, 1e-12)
		}
	})
}
