package webgpu

import (
	"math"
	"math/rand/v2"
	"testing"
	"unsafe"

	"github.com/crossrank/crossrank/internal/half"
	"github.com/crossrank/crossrank/internal/network"
	"github.com/crossrank/crossrank/internal/network/sample"
)

// attentionCase is attention of one kind. short says that short runs have it too: a shader takes
// seconds to compile for a CPU.
type attentionCase struct {
	name                string
	size, heads, shared int // of a head; heads; and how many of them share keys
	window              int
	causal              bool
	spare               bool // the plan is for subgroups of twice as many threads
	short               bool
}

var attentionCases = []attentionCase{
	{name: "heads of 32", size: 32, heads: 3, shared: 1, short: true},
	{name: "heads of 64", size: 64, heads: 2, shared: 1},
	{name: "heads of 128", size: 128, heads: 1, shared: 1},
	{name: "more subgroups than planned", size: 32, heads: 1, shared: 1, spare: true},
	{name: "a window", size: 32, heads: 2, shared: 1, window: 9, short: true},
	{name: "causal, shared keys", size: 24, heads: 4, shared: 2, causal: true, short: true},
	{name: "a causal window", size: 16, heads: 2, shared: 1, window: 40, causal: true},
}

// attentionLengths are around the sizes of tiles and of units.
var attentionLengths = []int{1, 7, 8, 31, 32, 33, 63, 64, 65, 130, 2}

// TestMatrixAttention computes attention alone on matrix units, of sequences side by side and one by
// one, and compares it with plain Go in float64.
func TestMatrixAttention(t *testing.T) {
	matrixDevice(t)
	s := open(t, small(), Options{Precision: FP16}).session
	for _, c := range attentionCases {
		if testing.Short() && !c.short {
			continue
		}
		a := newAttentionTest(t, s, c)
		if _, ok := s.tile.(matrixAttention); !ok {
			t.Errorf("%s: it is computed by %T", c.name, s.tile)
		}
		got := a.compute(t, attentionLengths)
		a.check(t, got)
		if c.short {
			a.checkAlone(t, got)
		}
	}
}

// attentionTest is a case on a session, with numbers that float16 has.
type attentionTest struct {
	attentionCase
	s      *session
	p      *planner
	qkv    []float32
	stride int
}

func newAttentionTest(t *testing.T, s *session, c attentionCase) *attentionTest {
	t.Helper()
	n, m := *s.m.n, *s.m
	n.Heads, n.KVHeads, n.HeadSize, n.Causal, n.AttentionScale = c.heads, c.heads/c.shared, c.size, c.causal, float32(1/math.Sqrt(float64(c.size)))
	m.n, m.headSize, m.queries, m.keys = &n, c.size, c.heads*c.size, c.heads/c.shared*c.size
	m.blocks = []block{{window: c.window}}
	s.m, s.rows = &m, 512
	if c.spare {
		most := s.adapter.subgroup.most
		s.adapter.subgroup.most *= 2
		defer func() { s.adapter.subgroup.most = most }()
	}
	var err error
	if s.tile, err = s.chooseAttention(); err != nil {
		t.Fatal(err)
	}
	a := &attentionTest{attentionCase: c, s: s, p: &planner{session: s}, stride: m.queries + 2*m.keys}
	a.p.allocate()
	random := rand.New(rand.NewPCG(2, uint64(c.size)))
	a.qkv = make([]float32, s.rows*a.stride)
	for i := range a.qkv {
		a.qkv[i] = float32(random.NormFloat64())
	}
	bits := make([]uint16, len(a.qkv))
	half.F16.Narrow(bits, a.qkv)
	half.F16.Widen(a.qkv, bits)
	a.p.qkv.write(0, bytesOf(bits))
	s.steps, s.opData = nil, nil
	a.p.attention(0, a.p.qkv, a.stride, a.p.context, items)
	if a.p.err != nil {
		t.Fatal(a.p.err)
	}
	s.ops.write(0, bytesOf(s.opData))
	return a
}

// compute computes the attention of sequences whose rows are those of the numbers, in their order.
func (a *attentionTest) compute(t *testing.T, lengths []int) []float32 {
	t.Helper()
	in := newInput(a.s)
	for _, n := range lengths {
		in.add(network.Sequence{IDs: make([]int32, n)})
	}
	if err := a.s.compute(in, make([]float32, len(lengths)), nil); err != nil {
		t.Fatal(err)
	}
	out := make([]float32, len(in.tokens)*a.s.m.queries)
	data := a.s.bytesIn(t, a.p.context)
	half.F16.Widen(out, unsafe.Slice((*uint16)(unsafe.Pointer(&data[0])), len(out)))
	return out
}

func (a *attentionTest) check(t *testing.T, got []float32) {
	t.Helper()
	start := 0
	for _, n := range attentionLengths {
		for i := range n {
			for h := range a.heads {
				want := a.row(start, n, i, h)
				for d, w := range want {
					v := float64(got[(start+i)*a.s.m.queries+h*a.size+d])
					if diff := math.Abs(v - w); !(diff <= 2e-3*max(1, math.Abs(w))) { // weights are rounded to 11 bits
						t.Fatalf("%s, %d tokens: element %d of head %d of token %d is %g, want %g", a.name, n, d, h, i, v, w)
					}
				}
			}
		}
		start += n
	}
}

// row is the result of a token's head in float64.
func (a *attentionTest) row(start, n, i, h int) []float64 {
	m, kv := a.s.m, h/a.shared
	weights, sum, out := make([]float64, n), 0.0, make([]float64, a.size)
	for j := range n {
		if a.causal && j > i || a.window > 0 && max(i-j, j-i) > a.window {
			continue
		}
		score := 0.0
		for d := range a.size {
			score += float64(a.qkv[(start+i)*a.stride+h*a.size+d]) * float64(a.qkv[(start+j)*a.stride+m.queries+kv*a.size+d])
		}
		weights[j] = math.Exp(score * float64(m.n.AttentionScale))
		sum += weights[j]
	}
	for j, w := range weights {
		for d := range out {
			out[d] += w / sum * float64(a.qkv[(start+j)*a.stride+m.queries+m.keys+kv*a.size+d])
		}
	}
	return out
}

// checkAlone computes each sequence by itself: the bits are those of the batch.
func (a *attentionTest) checkAlone(t *testing.T, batch []float32) {
	t.Helper()
	start, width := 0, a.s.m.queries
	for _, n := range attentionLengths {
		bits := make([]uint16, n*a.stride)
		half.F16.Narrow(bits, a.qkv[start*a.stride:(start+n)*a.stride])
		a.p.qkv.write(0, bytesOf(append(bits, make([]uint16, len(bits)%2)...)))
		for i, v := range a.compute(t, []int{n}) {
			if want := batch[start*width+i]; v != want {
				t.Fatalf("%s, %d tokens: element %d is %g alone and %g in the batch", a.name, n, i, v, want)
			}
		}
		start += n
	}
}

// TestAttentionTiles plans the tiles of devices that tests do not have.
func TestAttentionTiles(t *testing.T) {
	for _, k := range deviceKinds {
		unit, _ := chooseUnit(k.units, k.stored)
		l := &limits{workgroupStorage: k.storage, invocationsPerWorkgroup: k.threads, workgroupSizeX: k.threads}
		for _, size := range []int{32, 64, 128} {
			tile, ok := chooseMatrixAttention(size, unit, k.subgroup, l)
			if !ok {
				if k.storage > 16384 {
					t.Errorf("%s has no tile for heads of %d", k.name, size)
				}
				continue
			}
			m := tile.(matrixAttention)
			t.Logf("%s, heads of %d: %d queries, %d keys, %d threads, %d bytes", k.name, size, m.Queries, m.Keys, m.Threads(), m.bytes())
			if m.bytes() > int(k.storage) || m.Threads() > int(k.threads) || m.PerThread()*m.Threads()*4 < m.Queries*size {
				t.Errorf("%s, heads of %d: got %+v of %d bytes", k.name, size, m, m.bytes())
			}
		}
	}
	l := &limits{workgroupStorage: 1 << 20, invocationsPerWorkgroup: 1024, workgroupSizeX: 1024}
	if got, ok := chooseMatrixAttention(20, lavapipeUnits[1], subgroupSizes{8, 8}, l); ok {
		t.Errorf("heads of 20 elements: got %+v", got)
	}
}

// TestAttentionWithoutMatrices: heads that units do not divide, and relative positions, are computed
// by threads.
func TestAttentionWithoutMatrices(t *testing.T) {
	matrixDevice(t)
	n := sample.Network(5, sample.Geometry{Hidden: 40, Blocks: 1, Heads: 2, Intermediate: 20, Tokens: 100, Positions: 50, Activation: network.GELU, Labels: 1})
	if e := open(t, n, Options{Precision: FP16}); e.session.tile.shader() != "attention" || !e.session.matrices.used() {
		t.Errorf("heads of 20 elements: computed by %T, %s", e.session.tile, e.Tuning())
	}
}
