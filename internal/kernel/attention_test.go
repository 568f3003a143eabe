package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestAttention(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 1))
	eachTier(t, func(t *testing.T, s *Set) {
		for _, size := range []int{5, 16, 20, 32, 64} {
			for _, keys := range []int{1, 2, 15, 16, 17, 33, 80, 100} {
				for _, queries := range []int{1, keys} {
					t.Run(fmt.Sprintf("size=%d/keys=%d/queries=%d", size, keys, queries), func(t *testing.T) {
						newAttention(rng, size, queries, keys).check(t, s, 0, 0)
					})
				}
			}
		}
		t.Run("several blocks of keys", func(t *testing.T) { newAttention(rng, 16, 3, 2*depthBlock+5).check(t, s, 0, 0) })
	})
}

// TestAttentionWindow tries windows that reach beyond either end of the keys, over both, and not
// even over a block of queries; and queries beyond the last key, which padding has.
func TestAttentionWindow(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 2))
	eachTier(t, func(t *testing.T, s *Set) {
		for _, window := range []int{1, 2, 7, 8, 16, 31, 64, 300} {
			for _, c := range []struct{ first, queries, keys int }{
				{0, 1, 1}, {0, 17, 17}, {0, 100, 100}, {63, 37, 100}, {99, 1, 100}, {17, 50, 200}, {140, 60, 200}, {3, 20, 9}, {50, 3, 9},
			} {
				t.Run(fmt.Sprintf("window=%d/first=%d/queries=%d/keys=%d", window, c.first, c.queries, c.keys), func(t *testing.T) {
					newAttention(rng, 20, c.queries, c.keys).check(t, s, c.first, window)
				})
			}
		}
	})
}

// attention has random operands of an attention of three heads. Rows of keys beyond the last hold
// noise.
type attention struct {
	size, queries, keys, ld int
	heads                   Heads
	q, k, v                 []float32
}

func newAttention(rng *rand.Rand, size, queries, keys int) *attention {
	const heads = 3
	h := Heads{Count: heads, Size: Pad(size), Scale: float32(1 / math.Sqrt(float64(size)))}
	a := &attention{size: size, queries: queries, keys: keys, ld: heads * h.Size, heads: h}
	matrix := func(rows int) []float32 { return padded(rng, random(rng, rows*heads*size, 1), rows*heads, size, 0) }
	a.q, a.v = matrix(queries), matrix(keys)
	a.k = append(matrix(keys), random(rng, (Pad(keys)-keys)*a.ld, 1e9)...)
	return a
}

// compute runs the kernel for queries low to high, of which the first of all is at a position.
// Without a window it is whole attention.
func (a *attention) compute(s *Set, low, high, first, window int) []float32 {
	out := make([]float32, (high-low)*a.ld)
	n := a.keys
	if window > 0 {
		n = WindowKeys(high-low, a.keys, window)
	}
	scratch := random(rand.New(rand.NewPCG(1, 1)), AttentionScratch(n, a.heads), 1e9)
	if window > 0 {
		k := a.k[:a.keys*a.ld]
		s.AttentionWindow(out, a.ld, a.q[low*a.ld:], a.ld, k, a.v, a.ld, high-low, first+low, a.keys, window, a.heads, scratch)
	} else {
		s.Attention(out, a.ld, a.q[low*a.ld:], a.ld, a.k, a.v, a.ld, high-low, a.keys, a.heads, scratch)
	}
	return out
}

// check compares the kernel with the definition.
func (a *attention) check(t *testing.T, s *Set, first, window int) {
	t.Helper()
	out := a.compute(s, 0, a.queries, first, window)
	for i := range a.queries {
		low, high := 0, a.keys
		if window > 0 {
			position := min(first+i, a.keys-1)
			low, high = max(low, position-window), min(high, position+window+1)
		}
		for head := range a.heads.Count {
			col := head * a.heads.Size
			p, sum := make([]float64, a.keys), 0.0
			for j := low; j < high; j++ {
				dot := 0.0
				for c := range a.size {
					dot += float64(a.q[i*a.ld+col+c]) * float64(a.k[j*a.ld+col+c])
				}
				p[j] = math.Exp(dot / math.Sqrt(float64(a.size)))
				sum += p[j]
			}
			for c := range a.heads.Size {
				want := 0.0
				for j := range a.keys {
					want += p[j] / sum * float64(a.v[j*a.ld+col+c])
				}
				if got := float64(out[i*a.ld+col+c]); !(math.Abs(got-want) <= 1e-5) {
					t.Fatalf("query %d head %d column %d = %g, want %g", i, head, c, got, want)
				}
			}
		}
	}
}

// TestQueriesAreIndependent: the bits of a query's output do not depend on the queries that are
// computed with it, nor on where it stands in a block of them.
func TestQueriesAreIndependent(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 3))
	a := newAttention(rng, 32, 300, 300)
	eachTier(t, func(t *testing.T, s *Set) {
		for _, window := range []int{0, 1, 9, 64} {
			whole := a.compute(s, 0, a.queries, 0, window)
			for range 10 {
				low := rng.IntN(a.queries)
				high := low + 1 + rng.IntN(min(a.queries-low, 70))
				if !slices.Equal(a.compute(s, low, high, 0, window), whole[low*a.ld:high*a.ld]) {
					t.Fatalf("window %d: queries %d to %d alone differ from the same among %d", window, low, high, a.queries)
				}
			}
		}
	})
}

// TestAttentionFew: the same bits as Attention with one head.
func TestAttentionFew(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 4))
	const size = 48
	h := Heads{Count: 1, Size: size, Scale: 0.3}
	eachTier(t, func(t *testing.T, s *Set) {
		for _, keys := range []int{1, 16, 100, depthBlock, depthBlock + 1, 2*depthBlock + 77} {
			for _, queries := range []int{1, 12, 50} {
				q, x := random(rng, queries*size, 1), random(rng, Pad(keys)*size, 1)
				want, got := make([]float32, queries*size), make([]float32, queries*size)
				s.Attention(want, size, q, size, x, x, size, queries, keys, h, make([]float32, AttentionScratch(keys, h)))
				s.AttentionFew(got, size, q, size, x, x, size, queries, keys, size, h.Scale, make([]float32, FewScratch(queries, keys, size)))
				if !slices.Equal(got, want) {
					t.Errorf("%d keys, %d queries: not the same bits", keys, queries)
				}
			}
		}
	})
}
