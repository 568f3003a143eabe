package webgpu

import "fmt"

// attentionTile is how attention is divided: a [threadAttention], or a [matrixAttention] where the
// device has matrix units and the network no relative positions.
type attentionTile interface {
	shader() string
	queries() int // of a workgroup
}

// chooseAttention chooses the tile of attention. It follows from the device and the network.
func (s *session) chooseAttention() (attentionTile, error) {
	if s.matrices.used() && s.m.n.Relative == nil {
		if t, ok := chooseMatrixAttention(s.m.headSize, s.matrices.unit, s.adapter.subgroup, &s.adapter.limits); ok {
			return t, nil
		}
	}
	return chooseThreadAttention(s.m.headSize, &s.adapter.limits)
}

// threadAttention is how attention is divided among threads: Queries and Keys at a time, of heads of
// 4·Size4 elements.
type threadAttention struct{ Size4, Queries, Keys int }

// Of a tile: threads of a workgroup, vectors of the result that each has, and elements of memory.
// Rows are one vector longer than they need to be, so that they lie in different banks.
func (t threadAttention) Threads() int   { return 8 * t.Queries }
func (t threadAttention) PerThread() int { return (t.Size4 + 7) / 8 }
func (t threadAttention) QueryTile() int { return t.Queries * (t.Size4 + 1) }
func (t threadAttention) KeyTile() int   { return t.Keys * (t.Size4 + 1) }
func (t threadAttention) Scores() int    { return t.Queries * (t.Keys + 1) }
func (t threadAttention) bytes() int     { return 16*(t.QueryTile()+t.KeyTile()) + 4*t.Scores() }

func (t threadAttention) shader() string { return "attention" }
func (t threadAttention) queries() int   { return t.Queries }

// chooseThreadAttention returns the largest tile whose memory a workgroup has.
func chooseThreadAttention(headSize int, l *limits) (attentionTile, error) {
	for _, size := range [][2]int{{16, 32}, {16, 16}, {8, 16}, {8, 8}} {
		t := threadAttention{headSize / 4, size[0], size[1]}
		if t.bytes() <= int(l.workgroupStorage) && t.Threads() <= int(l.invocationsPerWorkgroup) {
			return t, nil
		}
	}
	return nil, fmt.Errorf("heads of %d elements need more than the %d bytes of a workgroup", headSize, l.workgroupStorage)
}

// matrixAttention is how attention is divided among the matrix units of a device: Queries and Keys
// at a time, of heads of Size elements. What lies in the workgroup's memory is as wide as its row,
// and 16 bytes, so that rows lie in different banks.
type matrixAttention struct {
	Size, Queries, Keys int
	Unit                matrixUnit
	Lanes               int // most threads of a subgroup
}

// attentionSubgroups are the subgroups of a workgroup for attention.
const attentionSubgroups = 4

// chooseMatrixAttention returns the largest tile whose memory a workgroup has, if there is one for
// heads of that size.
func chooseMatrixAttention(headSize int, unit matrixUnit, subgroup subgroupSizes, l *limits) (attentionTile, bool) {
	for _, size := range [][2]int{{32, 128}, {32, 64}, {32, 32}, {16, 64}, {16, 32}, {16, 16}} {
		t := matrixAttention{headSize, size[0], size[1], unit, subgroup.most}
		if t.divides() && t.fits(l) {
			return t, true
		}
	}
	return nil, false
}

func (t matrixAttention) shader() string { return "attention_matrix" }
func (t matrixAttention) queries() int   { return t.Queries }

// Of a tile: threads of a workgroup and of a query, vectors of the result that each has, and blocks
// of rows and of columns of the result.
func (t matrixAttention) Threads() int      { return attentionSubgroups * t.Lanes }
func (t matrixAttention) PerQuery() int     { return t.Threads() / t.Queries }
func (t matrixAttention) PerThread() int    { return (t.Size/4 + t.PerQuery() - 1) / t.PerQuery() }
func (t matrixAttention) BlocksDown() int   { return t.Queries / t.Unit.M }
func (t matrixAttention) BlocksAcross() int { return t.Size / t.Unit.N }

// Step is what the keys of a tile are rounded up to a multiple of.
func (t matrixAttention) Step() int { return max(t.Unit.N, t.Unit.K) }

// Elements of the workgroup's memory.
func (t matrixAttention) Stride() int       { return t.Size + 16/t.Unit.bytes() }
func (t matrixAttention) WeightStride() int { return t.Keys + 16/t.Unit.bytes() }
func (t matrixAttention) SumStride() int    { return max(t.Keys, t.Size) + 4 }
func (t matrixAttention) QueryTile() int    { return t.Queries * t.Stride() }
func (t matrixAttention) KeyTile() int      { return t.Keys * t.Stride() }
func (t matrixAttention) Weights() int      { return t.Queries * t.WeightStride() }
func (t matrixAttention) Sums() int         { return t.Queries * t.SumStride() }

func (t matrixAttention) bytes() int {
	return t.Unit.bytes()*(t.QueryTile()+t.KeyTile()+t.Weights()) + 4*t.Sums() + 8*t.Threads()
}

// divides reports whether sizes are multiples of those of the unit, and each query has as many
// threads.
func (t matrixAttention) divides() bool {
	u := t.Unit
	return t.Lanes > 0 && t.Threads()%t.Queries == 0 && t.Queries%u.M == 0 && t.Size%u.K == 0 && t.Size%u.N == 0 &&
		t.Step()%u.K == 0 && t.Step()%u.N == 0 && t.Keys%t.Step() == 0
}

func (t matrixAttention) fits(l *limits) bool {
	return t.bytes() <= int(l.workgroupStorage) && t.Threads() <= int(min(l.invocationsPerWorkgroup, l.workgroupSizeX))
}
