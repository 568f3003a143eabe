package webgpu

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"unsafe"

	"github.com/crossrank/crossrank/internal/half"
	"github.com/crossrank/crossrank/internal/network"
)

// linearCase is a linear layer with what follows the products.
type linearCase struct {
	name       string
	k, n       int
	activation network.Activation
	bias       bool
	residual   bool
	gate       bool
	wide       bool
	row        int // of the layer's outputs: the first that is computed
	column     int // of the result: the first that is written
}

var linearCases = []linearCase{
	{name: "bias and activation", k: 44, n: 136, bias: true, activation: network.GELU},
	{name: "products alone", k: 8, n: 4},
	{name: "added", k: 100, n: 72, bias: true, residual: true},
	{name: "gated", k: 64, n: 68, gate: true},
	{name: "float32 at another place", k: 36, n: 40, bias: true, wide: true, row: 12, column: 8},
}

// TestMatrixProducts computes linear layers on matrix units, of sizes that are no multiples of those
// of tiles, and compares them with plain Go in float64. All tiles have the same bits.
func TestMatrixProducts(t *testing.T) {
	matrixDevice(t)
	s := open(t, small(), Options{Precision: FP16}).session
	s.rows = 130
	unit, l := s.matrices.unit, &s.adapter.limits
	wide := subgroupSizes{s.adapter.subgroup.most, 2 * s.adapter.subgroup.most} // so that half of the subgroups have no work
	spare := matrixTiles(unit, wide, l)
	for i, c := range linearCases {
		l := newLinearLayer(c)
		for _, rows := range []int{1, 31, 33, 130} {
			first := l.compute(t, s, s.smallTile(), rows)
			l.check(t, first, rows)
			if i > 0 {
				continue // other tiles have the same operations behind their products
			}
			for _, tile := range append(tilesOfTests(s), spare[len(spare)-1]) {
				if got := l.compute(t, s, tile, rows); !slices.Equal(got, first) {
					t.Errorf("%v, %d rows: other bits than those of %v", tile, rows, s.smallTile())
				}
			}
		}
	}
}

// tilesOfTests are all tiles, and in short runs the smallest with one and with two buffers: a large
// one takes 10 s to compile for a CPU.
func tilesOfTests(s *session) []productTile {
	if !testing.Short() {
		return s.tiles()
	}
	smallest := map[int]productTile{}
	for _, tile := range s.tiles() {
		smallest[tile.(matrixTile).Buffers] = tile
	}
	return []productTile{smallest[1], smallest[2]}
}

// linearLayer is a case with numbers that float16 has.
type linearLayer struct {
	linearCase
	input, weight, bias, gate, before []float32
	stride                            int
}

func newLinearLayer(c linearCase) *linearLayer {
	const rows = 130
	random := rand.New(rand.NewPCG(1, uint64(c.k)))
	numbers := func(n int) []float32 {
		x, bits := make([]float32, n), make([]uint16, n)
		for i := range x {
			x[i] = float32(random.NormFloat64())
		}
		half.F16.Narrow(bits, x)
		half.F16.Widen(x, bits)
		return x
	}
	stride := c.column + c.n + 4
	return &linearLayer{
		c, numbers(rows * c.k), numbers((c.row + c.n) * c.k), numbers(c.row + c.n), numbers(rows * stride), numbers(rows * stride), stride,
	}
}

// compute computes the layer on a device with a tile, and returns all of the result's buffer.
func (l *linearLayer) compute(t *testing.T, s *session, tile productTile, rows int) []float32 {
	t.Helper()
	p := &planner{session: s, products: tile}
	steps, ops, groups, buffers := s.steps, s.opData, len(s.groups), len(s.buffers)
	s.steps, s.opData = nil, nil
	defer func() {
		for _, g := range s.groups[groups:] {
			call(s.lib.BindGroupRelease, uintptr(g))
		}
		for _, b := range s.buffers[buffers:] {
			b.release()
		}
		s.steps, s.opData, s.groups, s.buffers = steps, ops, s.groups[:groups], s.buffers[:buffers]
	}()
	pack := &packer{f16: true}
	on := func(v *tensor) *buffer { return p.tensor(0, v).buffer }
	q := product{
		layer: &linear{weight: pack.stored("weight", l.weight), in: l.k}, input: on(pack.stored("input", l.input)), row: l.row, n: l.n,
		stride: l.stride, column: l.column, residual: l.residual, activation: l.activation, wide: l.wide,
	}
	if l.linearCase.bias {
		q.layer.bias = floats("bias", l.bias)
	}
	if l.linearCase.gate {
		q.gate = on(pack.stored("gate", l.gate))
	}
	before := pack.stored("out", l.before)
	if l.float32() {
		before = floats("out", l.before)
	}
	q.out = on(before)
	p.product(0, q)
	if p.err != nil {
		t.Fatal(p.err)
	}
	s.ops.write(0, bytesOf(s.opData))
	if _, err := s.timeOf(rows); err != nil {
		t.Fatal(err)
	}
	return l.numbers(s.bytesIn(t, q.out))
}

// float32 reports whether the result is float32.
func (l *linearLayer) float32() bool { return l.residual || l.wide }

func (l *linearLayer) numbers(data []byte) []float32 {
	out := make([]float32, len(l.before))
	if l.float32() {
		copy(out, unsafe.Slice((*float32)(unsafe.Pointer(&data[0])), len(out)))
	} else {
		half.F16.Widen(out, unsafe.Slice((*uint16)(unsafe.Pointer(&data[0])), len(out)))
	}
	return out
}

// check compares a result with plain Go. What is no element of it is as it was.
func (l *linearLayer) check(t *testing.T, got []float32, rows int) {
	t.Helper()
	for i, v := range got {
		r, o := i/l.stride, i%l.stride-l.column
		if r >= rows || o < 0 || o >= l.n {
			if v != l.before[i] {
				t.Fatalf("%s, %d rows: element %d of row %d is overwritten", l.name, rows, o, r)
			}
			continue
		}
		want, size := l.element(r, o, i)
		tolerance := 1e-6 * size // of sums in float32
		if !l.float32() {
			tolerance += math.Abs(want)/2048 + 1e-7
		}
		if diff := math.Abs(float64(v) - want); !(diff <= tolerance) {
			t.Fatalf("%s, %d rows: element %d of row %d is %g, want %g", l.name, rows, o, r, v, want)
		}
	}
}

// element is an element in float64, and how large what was added is.
func (l *linearLayer) element(r, o, at int) (v, size float64) {
	for j := range l.k {
		x := float64(l.input[r*l.k+j]) * float64(l.weight[(l.row+o)*l.k+j])
		v += x
		size += math.Abs(x)
	}
	if l.linearCase.bias {
		v += float64(l.bias[l.row+o])
	}
	if l.activation == network.GELU {
		v *= 0.5 * (1 + math.Erf(v/math.Sqrt2))
	}
	if l.linearCase.gate {
		v *= float64(l.gate[at])
		size *= max(1, math.Abs(float64(l.gate[at])))
	}
	if l.residual {
		v += float64(l.before[at])
	}
	return v, size + 1
}
