package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// causal has random operands of a causal attention, whose key and value heads are shared by groups
// of query heads.
type causal struct {
	*attention
	kv int // key and value heads
}

func newCausal(rng *rand.Rand, size, queries, keys, group int) causal {
	a := newAttention(rng, size, queries, keys) // of three query heads
	c := causal{a, a.heads.Count / group}
	a.heads.KV = c.kv
	return c
}

// compute runs the kernel for queries low to high, of which the first of all is at a position, with
// the keys in parts that end at cuts. What lies beyond a part's last row does not matter.
func (c causal) compute(s *Set, low, high, first int, cuts ...int) []float32 {
	out := make([]float32, (high-low)*c.ld)
	var parts []KeyValues
	from := 0
	for _, to := range append(cuts, c.keys) {
		parts = append(parts, KeyValues{K: c.k[from*c.ld : to*c.ld], V: c.v[from*c.ld : to*c.ld], LD: c.ld, Rows: to - from})
		from = to
	}
	scratch := random(rand.New(rand.NewPCG(1, 1)), AttentionScratch(c.keys, c.heads), 1e9)
	s.AttentionCausal(out, c.ld, c.q[low*c.ld:], c.ld, parts, high-low, first+low, c.heads, scratch)
	return out
}

func (c causal) check(t *testing.T, s *Set, first int) {
	t.Helper()
	out := c.compute(s, 0, c.queries, first)
	for i := range c.queries {
		seen := min(first+i+1, c.keys)
		for head := range c.heads.Count {
			col, kv := head*c.heads.Size, head/(c.heads.Count/c.kv)*c.heads.Size
			p, sum := make([]float64, seen), 0.0
			for j := range p {
				dot := 0.0
				for d := range c.size {
					dot += float64(c.q[i*c.ld+col+d]) * float64(c.k[j*c.ld+kv+d])
				}
				p[j] = math.Exp(dot / math.Sqrt(float64(c.size)))
				sum += p[j]
			}
			for d := range c.heads.Size {
				want := 0.0
				for j := range p {
					want += p[j] / sum * float64(c.v[j*c.ld+kv+d])
				}
				if got := float64(out[i*c.ld+col+d]); !(math.Abs(got-want) <= 1e-5) {
					t.Fatalf("query %d head %d column %d = %g, want %g", i, head, d, got, want)
				}
			}
		}
	}
}

func TestAttentionCausal(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	eachTier(t, func(t *testing.T, s *Set) {
		for _, group := range []int{1, 3} {
			for _, c := range []struct{ first, queries, keys int }{
				{0, 1, 1}, {0, 2, 2}, {0, 17, 17}, {0, 100, 100}, {63, 37, 100}, {99, 1, 100}, {17, 50, 200}, {3, 20, 9}, {50, 3, 9},
			} {
				t.Run(fmt.Sprintf("group=%d/first=%d/queries=%d/keys=%d", group, c.first, c.queries, c.keys), func(t *testing.T) {
					newCausal(rng, 20, c.queries, c.keys, group).check(t, s, c.first)
				})
			}
		}
	})
}

// TestCausalPartsChangeNoBit: neither the parts in which keys lie, nor the queries that are
// computed together, nor later keys change a query's bits.
func TestCausalPartsChangeNoBit(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	c := newCausal(rng, 32, 300, 300, 3)
	eachTier(t, func(t *testing.T, s *Set) {
		whole := c.compute(s, 0, c.queries, 0)
		for range 30 {
			low := rng.IntN(c.queries)
			high := low + 1 + rng.IntN(min(c.queries-low, 70))
			cuts := []int{rng.IntN(c.keys), rng.IntN(c.keys)}
			slices.Sort(cuts)
			if !slices.Equal(c.compute(s, low, high, 0, cuts...), whole[low*c.ld:high*c.ld]) {
				t.Fatalf("queries %d to %d with keys cut at %v differ from the same in one part", low, high, cuts)
			}
			shorter := c
			shorter.attention = &attention{}
			*shorter.attention = *c.attention
			shorter.keys = high
			if !slices.Equal(shorter.compute(s, low, high, 0), whole[low*c.ld:high*c.ld]) {
				t.Fatalf("queries %d to %d without later keys differ", low, high)
			}
		}
	})
}

// TestGroupedHeads: attention over shared key and value heads has the bits of attention over copies
// of them.
func TestGroupedHeads(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 7))
	eachTier(t, func(t *testing.T, s *Set) {
		for _, window := range []int{0, 5} {
			a := newAttention(rng, 20, 50, 50)
			for r := range len(a.k) / a.ld {
				for h := 1; h < a.heads.Count; h++ {
					copy(a.k[r*a.ld+h*a.heads.Size:(r+1)*a.ld], a.k[r*a.ld:r*a.ld+a.heads.Size])
				}
			}
			for r := range a.keys {
				for h := 1; h < a.heads.Count; h++ {
					copy(a.v[r*a.ld+h*a.heads.Size:(r+1)*a.ld], a.v[r*a.ld:r*a.ld+a.heads.Size])
				}
			}
			want := a.compute(s, 0, a.queries, 0, window)
			a.heads.KV = 1
			if !slices.Equal(a.compute(s, 0, a.queries, 0, window), want) {
				t.Errorf("window %d: not the same bits", window)
			}
		}
	})
}
