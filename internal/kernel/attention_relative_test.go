package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// relativeCase is attention with relative positions over one sequence, and its weights.
type relativeCase struct {
	h       Heads
	size    int // of a head, unpadded
	ld      int
	q, k, v []float32
	table   [2][]float32 // position keys and queries: heads × rows × size
	rel     *Relative
	rows    int // of the table
}

// newRelativeCase makes a case of so many tokens. Beyond half of the table's rows on either side,
// distances share rows, and the last row serves all that are farther.
func newRelativeCase(rng *rand.Rand, size, tokens, rows int) *relativeCase {
	const heads = 3
	c := &relativeCase{h: Heads{Count: heads, Size: Pad(size), Scale: float32(1 / math.Sqrt(float64(3*size)))}, size: size, rows: rows}
	c.ld = heads * c.h.Size
	matrix := func(n int) []float32 { return padded(rng, random(rng, n*heads*size, 1), n*heads, size, 0) }
	c.q, c.k, c.v = matrix(tokens), append(matrix(tokens), random(rng, (Pad(tokens)-tokens)*c.ld, 1e9)...), matrix(tokens)
	c.rel = &Relative{Center: tokens - 1}
	for d := -(tokens - 1); d < tokens; d++ { // key j less query i
		row := rows/2 - d
		if half := rows / 4; d > half {
			row = rows/2 - half - (d-half)/3
		} else if d < -half {
			row = rows/2 + half - (d+half)/3
		}
		c.rel.Rows = append(c.rel.Rows, int32(min(max(row, 0), rows-1)))
	}
	for i := range c.table {
		c.table[i] = random(rng, heads*rows*size, 1)
		var panels []*Panels
		for h := range heads {
			panels = append(panels, pack(c.table[i][h*rows*size:], make([]float32, rows), size, rows))
		}
		if i == 0 {
			c.rel.Keys = panels
		} else {
			c.rel.Queries = panels
		}
	}
	return c
}

// attend computes queries from low on.
func (c *relativeCase) attend(s *Set, low, queries, keys int, scratch []float32) []float32 {
	out := make([]float32, queries*c.ld)
	s.AttentionRelative(out, c.ld, c.q[low*c.ld:], c.ld, c.k, c.v, c.ld, queries, low, keys, c.h, c.rel, scratch)
	return out
}

// want is the output of one query and head in float64, by the definition.
func (c *relativeCase) want(i, head, keys int) []float64 {
	at := func(x []float32, row int) []float32 { return x[row*c.ld+head*c.h.Size:][:c.size] }
	entry := func(x []float32, row int32) []float32 { return x[(head*c.rows+int(row))*c.size:][:c.size] }
	out, p, sum := make([]float64, c.size), make([]float64, keys), 0.0
	for j := range keys {
		row := c.rel.Rows[c.rel.Center+j-i]
		score := dot64(at(c.q, i), at(c.k, j))
		if c.rel.Keys != nil {
			score += dot64(at(c.q, i), entry(c.table[0], row))
		}
		if c.rel.Queries != nil {
			score += dot64(at(c.k, j), entry(c.table[1], row))
		}
		p[j] = math.Exp(score * float64(c.h.Scale))
		sum += p[j]
	}
	for j := range keys {
		for d, v := range at(c.v, j) {
			out[d] += p[j] / sum * float64(v)
		}
	}
	return out
}

func dot64(x, y []float32) (sum float64) {
	for i := range x {
		sum += float64(x[i]) * float64(y[i])
	}
	return sum
}

func TestAttentionRelative(t *testing.T) {
	rng := rand.New(rand.NewPCG(21, 1))
	eachTier(t, func(t *testing.T, s *Set) {
		tables := []int{2, 33, 512, 8} // rows
		for i, size := range []int{5, 16, 20, 64} {
			for j, tokens := range []int{1, 2, 16, 17, 49, 100, 130} {
				rows := tables[(i+j)%len(tables)]
				c := newRelativeCase(rng, size, tokens, rows)
				t.Run(fmt.Sprintf("size=%d/tokens=%d/rows=%d", size, tokens, rows), func(t *testing.T) { c.check(t, s, tokens) })
			}
		}
		t.Run("position keys alone", func(t *testing.T) {
			c := newRelativeCase(rng, 20, 60, 30)
			c.rel.Queries = nil
			c.check(t, s, 60)
		})
		t.Run("position queries alone", func(t *testing.T) {
			c := newRelativeCase(rng, 20, 60, 30)
			c.rel.Keys = nil
			c.check(t, s, 60)
		})
	})
}

// check compares all outputs with the definition, and the bits of some queries computed apart with
// those of all together.
func (c *relativeCase) check(t *testing.T, s *Set, tokens int) {
	t.Helper()
	scratch := make([]float32, RelativeScratch(tokens, c.h, c.rows))
	out := c.attend(s, 0, tokens, tokens, scratch)
	for i := range tokens {
		for head := range c.h.Count {
			got := out[i*c.ld+head*c.h.Size:][:c.h.Size]
			for d, want := range c.want(i, head, tokens) {
				if !(math.Abs(float64(got[d])-want) <= 1e-5) {
					t.Fatalf("query %d head %d column %d = %g, want %g", i, head, d, got[d], want)
				}
			}
		}
	}
	for _, low := range []int{0, tokens / 3, tokens - 1} {
		for _, n := range []int{1, (tokens - low + 1) / 2, tokens - low} {
			if part := c.attend(s, low, n, tokens, scratch); !slices.Equal(part, out[low*c.ld:(low+n)*c.ld]) {
				t.Fatalf("queries %d to %d alone differ from the same among %d", low, low+n, tokens)
			}
		}
	}
}

// TestGuardAttentionRelative gives attention just the memory that its contract asks for.
func TestGuardAttentionRelative(t *testing.T) {
	rng := rand.New(rand.NewPCG(22, 1))
	g := newGuarded(t, 5, 4*200*1024)
	eachTier(t, func(t *testing.T, s *Set) {
		for _, tokens := range []int{1, 15, 16, 17, 33, 50, 97} {
			for _, rows := range []int{8, 100} {
				c := newRelativeCase(rng, 32, tokens, rows)
				n := RelativeScratch(tokens, c.h, rows)
				want := c.attend(generic, 0, tokens, tokens, make([]float32, n))
				q, k, v := c.q, c.k, c.v
				g.everywhere(t, func() error {
					c.q, c.k, c.v = place(g, q), place(g, k), place(g, v)
					got := place(g, make([]float32, tokens*c.ld))
					s.AttentionRelative(got, c.ld, c.q, c.ld, c.k, c.v, c.ld, tokens, 0, tokens, c.h, c.rel, place(g, make([]float32, n)))
					return near(got, want, func(int) float64 { return 1e-5 })
				}, "%d tokens, %d rows", tokens, rows)
			}
		}
	})
}

// BenchmarkAttentionRelative has the sizes of DeBERTa-v3-base, beside attention without positions.
func BenchmarkAttentionRelative(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 1))
	for _, n := range []int{80, 512} {
		c := newRelativeCase(rng, 64, n, 512)
		scratch, out := make([]float32, RelativeScratch(n, c.h, 512)), make([]float32, n*c.ld)
		b.Run(fmt.Sprintf("tokens=%d/relative", n), func(b *testing.B) {
			eachTierBench(b, func(b *testing.B, s *Set) {
				for b.Loop() {
					s.AttentionRelative(out, c.ld, c.q, c.ld, c.k, c.v, c.ld, n, 0, n, c.h, c.rel, scratch)
				}
			})
		})
		b.Run(fmt.Sprintf("tokens=%d/plain", n), func(b *testing.B) {
			eachTierBench(b, func(b *testing.B, s *Set) {
				for b.Loop() {
					s.Attention(out, c.ld, c.q, c.ld, c.k, c.v, c.ld, n, n, c.h, scratch)
				}
			})
		})
	}
}

// TestAddRows adds from a table's rows that never rise, and from those of a matrix whose rows are
// step elements long, between inaccessible pages.
func TestAddRows(t *testing.T) {
	rng := rand.New(rand.NewPCG(32, 1))
	const low, width = 32, 48
	g := newGuarded(t, 2, 4*largestGuarded*Width)
	for _, n := range append(sequence(1, 40), 257) {
		for _, step := range []int{0, width} {
			rows := make([]int32, n)
			for i := range rows {
				rows[i] = int32(low + rng.IntN(width))
			}
			rows[0], rows[n-1] = low+width-1, low
			slices.SortFunc(rows, func(a, b int32) int { return int(b - a) })
			dst, src := random(rng, n, 1), random(rng, (n-1)*step+width, 1)
			want := slices.Clone(dst)
			for j, row := range rows {
				want[j] += src[int(row)-low+j*step]
			}
			g.everywhere(t, func() error {
				got := place(g, dst)
				addRows(got, place(g, src), rows, low, step)
				return same(got, want)
			}, "n %d, step %d", n, step)
		}
	}
}
