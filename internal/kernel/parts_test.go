package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// BenchmarkParts is what a layer of MiniLM computes over one sequence, part by part: the fastest of
// all runs, since a busy machine only ever slows one down. Weights are in the caches of the core,
// or farther away, as in a pass, which reads those of other layers before it reads these again.
func BenchmarkParts(b *testing.B) {
	for _, tokens := range []int{80, 256} {
		b.Run(fmt.Sprintf("tokens=%d", tokens), func(b *testing.B) {
			eachTierBench(b, func(b *testing.B, s *Set) {
				l := newLayerParts(s, tokens)
				l.products(b)
				l.rest(b)
			})
		})
	}
}

const (
	partsHidden = 384
	partsFeed   = 1536
)

// layerParts has the operands of a layer's parts.
type layerParts struct {
	s       *Set
	tokens  int
	rng     *rand.Rand
	x, wide []float32 // tokens × 3·partsHidden, tokens × partsFeed
	c       []float32
	buf     *Buffers
}

func newLayerParts(s *Set, tokens int) *layerParts {
	rng := rand.New(rand.NewPCG(1, 1))
	return &layerParts{
		s: s, tokens: tokens, rng: rng,
		x: random(rng, Pad(tokens)*3*partsHidden, 1), wide: random(rng, tokens*partsFeed, 1),
		c: make([]float32, tokens*partsFeed), buf: NewBuffers(partsFeed),
	}
}

// fastest reports the shortest time of f.
func fastest(b *testing.B, name string, f func()) {
	b.Run("part="+name, func(b *testing.B) {
		best := time.Duration(math.MaxInt64)
		for b.Loop() {
			start := time.Now()
			f()
			best = min(best, time.Since(start))
		}
		b.ReportMetric(float64(best.Nanoseconds())/1000, "best-µs")
	})
}

func (l *layerParts) products(b *testing.B) {
	k := &Packer{}
	int8 := func(w Weights, bias []float32, in, out int) *Panels { return k.Pack8(w, bias, in, out, quantMax) }
	if l.s.fullRange8 {
		int8 = k.Pack8Full
	}
	for _, p := range []struct {
		name    string
		pack    func(w Weights, bias []float32, in, out int) *Panels
		in, out int
		act     Act
	}{
		{"qk-fp32", k.Pack, partsHidden, 2 * partsHidden, None},
		{"qk-int16", k.Pack16, partsHidden, 2 * partsHidden, None},
		{"output-fp32", k.Pack, partsHidden, partsHidden, None},
		{"output-int8", int8, partsHidden, partsHidden, None},
		{"up-fp32", k.Pack, partsHidden, partsFeed, None},
		{"up-int8", int8, partsHidden, partsFeed, None},
		{"up-gelu-int8", int8, partsHidden, partsFeed, GELU},
		{"down-fp32", k.Pack, partsFeed, partsHidden, None},
		{"down-int8", int8, partsFeed, partsHidden, None},
	} {
		if p.name == "qk-int16" && l.s.planes16 {
			p.pack = k.Pack16Planes
		}
		a := l.x
		if p.in == partsFeed {
			a = l.wide
		}
		w := []*Panels{p.pack(Matrix{p.in, random(l.rng, p.in*p.out, 1)}, random(l.rng, p.out, 1), p.in, p.out)}
		near := w[0]
		fastest(b, p.name+"/weights=near", func() {
			l.s.MatMul(l.c, p.out, a, p.in, l.tokens, near, p.act, l.buf)
		})
		for len(w)*p.in*p.out < 16<<20 {
			w = append(w, p.pack(Matrix{p.in, random(l.rng, p.in*p.out, 1)}, random(l.rng, p.out, 1), p.in, p.out))
		}
		turn := 0
		fastest(b, p.name+"/weights=far", func() {
			l.s.MatMul(l.c, p.out, a, p.in, l.tokens, w[turn%len(w)], p.act, l.buf)
			turn++
		})
	}
}

func (l *layerParts) rest(b *testing.B) {
	s, tokens := l.s, l.tokens
	for _, width := range []int{partsHidden, partsFeed} {
		fastest(b, fmt.Sprintf("quantize-%d", width), func() {
			for r := range tokens {
				s.quantize(&l.buf.bytes[0], &l.wide[r*width], width, quantMax, &l.buf.params[0])
			}
		})
	}
	fastest(b, "quantize16", func() {
		for r := range tokens {
			s.quantize16(&l.buf.words[0], &l.wide[r*partsHidden], partsHidden, 2364, &l.buf.params[0])
		}
	})
	fastest(b, "gelu", func() {
		for col := 0; col < partsFeed; col += Width {
			s.gelu(&l.wide[col], tokens, partsFeed)
		}
	})
	fastest(b, "norm", func() {
		for r := range tokens {
			s.LayerNorm(l.c[r*partsHidden:], l.x[r*partsHidden:], l.wide[r*partsHidden:], l.x, l.x, partsHidden, 1e-12)
		}
	})
	l.attention(b)
}

func (l *layerParts) attention(b *testing.B) {
	h := Heads{Count: 12, Size: 32, Scale: 0.17677669}
	s, n, ld := l.s, l.tokens, 3*partsHidden
	k, v := l.x[partsHidden:], l.x[2*partsHidden:]
	scratch := make([]float32, AttentionScratch(n, h))
	k = append(k, make([]float32, ld)...)
	fastest(b, "attention", func() {
		s.Attention(l.c, partsHidden, l.x, ld, k, v, ld, n, n, h, scratch)
	})
	scores := random(l.rng, queryBlock*Pad(n), 1)
	fastest(b, "softmax", func() {
		for range h.Count {
			for low := 0; low < n; low += queryBlock {
				s.Softmax(scores, min(queryBlock, n-low), Pad(n), n, h.Scale)
			}
		}
	})
	fastest(b, "arrange", func() {
		for head := range h.Count {
			s.packKeys(scratch, k[head*h.Size:], ld, Pad(n), h.Size)
			packColumns(scratch, v[head*h.Size:], ld, n, h.Size)
		}
	})
}
