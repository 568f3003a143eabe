package kernel

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// TestGuardBlock16 compares blocks with the plain version, on exactly the memory of their contract.
func TestGuardBlock16(t *testing.T) {
	rng := rand.New(rand.NewPCG(25, 1))
	g := newGuarded(t, 6, 1<<17)
	eachTierOfBlocks(t, func(t *testing.T, s *Set) {
		for _, k := range []int{16, 48, 64, 80, 192, 400} {
			for rows := 1; rows <= rowBlock; rows += 1 + k/12 {
				o := randomOperands16(rng, k, rows, 1+(k/16+rows)%3)
				want := slices.Clone(o.c)
				o.compute(int16Block, want)
				g.everywhere(t, func() error {
					got := place(g, o.c)
					at := o
					at.low, at.high, at.b = place(g, o.low), place(g, o.high), place(g, o.b)
					at.perRow, at.columns = place(g, o.perRow), place(g, o.columns)
					at.compute(s.block16, got)
					return same(got, want)
				}, "k %d, %d rows, %d panels", k, rows, o.panels)
			}
		}
	})
}

func TestGuardSplit16(t *testing.T) {
	rng := rand.New(rand.NewPCG(26, 1))
	g := newGuarded(t, 2, 2*largestGuarded)
	eachTier(t, func(t *testing.T, s *Set) {
		if s.split16 == nil {
			t.Skip("does not split")
		}
		for _, n := range guardSizes(Width, Width) {
			words := make([]int16, n)
			for i := range words {
				words[i] = int16(rng.Uint32())
			}
			g.everywhere(t, func() error {
				low, high := place(g, make([]uint8, n)), place(g, words)
				s.split16(&low[0], &high[0], n)
				for i, w := range words {
					if got := uint16(high[i/2]) >> (i % 2 * 8) << 8; uint16(w) != got|uint16(low[i]) {
						return same([]uint16{got | uint16(low[i])}, []uint16{uint16(w)})
					}
				}
				return nil
			}, "%d words", n)
		}
	})
}

// TestPlanes16: products with panels in planes have the bits of those with other panels.
func TestPlanes16(t *testing.T) {
	rng := rand.New(rand.NewPCG(27, 1))
	const in = 100
	for _, out := range []int{16, 50, blockPanels*Width + 5} {
		weight, bias := random(rng, in*out, 1), random(rng, out, 1)
		planes, other := new(Packer).Pack16Planes(Matrix{in, weight}, bias, in, out), pack16(weight, bias, in, out)
		eachTierOfBlocks(t, func(t *testing.T, s *Set) {
			for _, rows := range []int{1, 2, 17, rowBlock + 5} {
				a := padded(rng, random(rng, rows*in, 1), rows, in, 0)
				got, want := make([]float32, rows*Pad(out)), make([]float32, rows*Pad(out))
				s.MatMul(got, Pad(out), a, Pad(in), rows, planes, None, NewBuffers(in))
				generic.MatMul(want, Pad(out), a, Pad(in), rows, other, None, NewBuffers(in))
				if err := same(got, want); err != nil {
					t.Errorf("%d columns, %d rows: %v", out, rows, err)
				}
			}
		})
	}
}

// BenchmarkBlock16 is the int16 product of a block of 96 rows and two panels.
func BenchmarkBlock16(b *testing.B) {
	eachTierBench(b, func(b *testing.B, s *Set) {
		if s.block16 == nil {
			b.Skip("has no blocks")
		}
		o := randomOperands16(rand.New(rand.NewPCG(1, 1)), 384, rowBlock, 2)
		for b.Loop() {
			o.compute(s.block16, o.c)
		}
		report(b, 2*o.rows*o.k*o.panels*Width)
	})
}

// operands16 has the operands of a block.
type operands16 struct {
	k, ldl, ldh, rows, panels, ldc int
	low, high                      []uint8
	b                              []int8
	perRow, columns, c             []float32
}

// randomOperands16 has numbers of all sizes, whose sums overflow: as much in one version as in
// another.
func randomOperands16(rng *rand.Rand, k, rows, panels int) operands16 {
	o := operands16{k: k, ldl: k + rows%3, ldh: k + rows%4, rows: rows, panels: panels, ldc: panels*Width + rows%5}
	o.low, o.high = make([]uint8, (rows-1)*o.ldl+k), make([]uint8, (rows-1)*o.ldh+k)
	o.b = make([]int8, panels*2*k*Width)
	for _, plane := range [][]uint8{o.low, o.high} {
		for i := range plane {
			plane[i] = uint8(rng.Uint32())
		}
	}
	for i := range o.b {
		o.b[i] = int8(rng.Uint32())
	}
	o.perRow, o.columns = random(rng, rows, 1), random(rng, panels*columnParams16, 1)
	o.c = random(rng, (rows-1)*o.ldc+panels*Width, 1)
	return o
}

func (o operands16) compute(block block16, c []float32) {
	block(o.k, &o.low[0], o.ldl, &o.high[0], o.ldh, o.rows, &o.b[0], o.panels, &o.perRow[0], &o.columns[0], &c[0], o.ldc)
}
