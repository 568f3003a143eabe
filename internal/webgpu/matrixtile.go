package webgpu

import "fmt"

// matrixTile is how a product is divided among the matrix units of a device. A workgroup computes
// Rows × Columns elements by Down × Across subgroups, each of which holds its part of the sums in
// registers. Depth elements of the inner dimension pass through the workgroup's memory at a time;
// meanwhile the next ones are loaded, into registers and then into the other one of two Buffers, or
// with a barrier more into the only one.
//
// An element's sum runs over the inner dimension in steps of the unit, whatever the other numbers
// are, so all tiles of one unit have the same bits.
type matrixTile struct {
	Rows, Columns, Depth int
	Down, Across         int
	Buffers              int

	Unit  matrixUnit
	Lanes int  // most threads of a subgroup
	Spare bool // subgroups may have fewer threads, so that there are more of them than have work
	Slots int  // blocks of a subgroup's sums that are in the workgroup's memory at once, to be written
}

// matrixDivisions are the sizes that an engine chooses from, see tuning.go, in the order in which
// they are measured. With larger parts of a subgroup an operand that was read from the workgroup's
// memory is used more often; with smaller ones more subgroups hide what others wait for. The last
// one is that of products of few rows, which larger ones would divide among few workgroups.
var matrixDivisions = []matrixTile{
	{Rows: 128, Columns: 128, Depth: 32, Down: 2, Across: 2, Buffers: 2},
	{Rows: 128, Columns: 128, Depth: 32, Down: 2, Across: 2, Buffers: 1},
	{Rows: 128, Columns: 64, Depth: 32, Down: 2, Across: 2, Buffers: 2},
	{Rows: 64, Columns: 64, Depth: 32, Down: 2, Across: 2, Buffers: 2},
	{Rows: 128, Columns: 128, Depth: 32, Down: 4, Across: 2, Buffers: 1},
	{Rows: 128, Columns: 128, Depth: 16, Down: 4, Across: 2, Buffers: 2},
	{Rows: 128, Columns: 128, Depth: 16, Down: 4, Across: 2, Buffers: 1},
	{Rows: 64, Columns: 64, Depth: 16, Down: 2, Across: 2, Buffers: 1},
	{Rows: 32, Columns: 32, Depth: 32, Down: 2, Across: 2, Buffers: 2},
}

// matrixTiles are the tiles of a unit that fit on a device.
func matrixTiles(unit matrixUnit, subgroup subgroupSizes, l *limits) []productTile {
	var tiles []productTile
	for _, t := range matrixDivisions {
		t.Unit, t.Lanes, t.Spare = unit, subgroup.most, subgroup.least != subgroup.most
		if !t.divides() {
			continue
		}
		for t.Slots = t.BlocksAcross(); t.Slots > 1 && (t.BlocksAcross()%t.Slots > 0 || !t.fits(l)); t.Slots-- {
		}
		if t.fits(l) {
			tiles = append(tiles, t)
		}
	}
	return tiles
}

func (t matrixTile) shader() string            { return "matmul_matrix" }
func (t matrixTile) size() (rows, columns int) { return t.Rows, t.Columns }

// Of a tile: threads of a workgroup, vectors that each of them loads at a time, steps of the unit
// in the depth, and blocks of sums that a subgroup holds.
func (t matrixTile) Threads() int       { return t.Down * t.Across * t.Lanes }
func (t matrixTile) RowVectors() int    { return t.Rows * t.Depth / 4 / t.Threads() }
func (t matrixTile) ColumnVectors() int { return t.Columns * t.Depth / 4 / t.Threads() }
func (t matrixTile) BlocksDown() int    { return t.Rows / t.Down / t.Unit.M }
func (t matrixTile) BlocksAcross() int  { return t.Columns / t.Across / t.Unit.N }

// Stride is how far rows are apart in the workgroup's memory: 16 bytes more than they need, so that
// eight rows lie in different banks.
func (t matrixTile) Stride() int { return t.Depth + 16/t.Unit.bytes() }

// Buffer and Stage are the elements of a buffer and of all of them, SumStride and Sums those of a
// row of sums and of all of them.
func (t matrixTile) Buffer() int    { return (t.Rows + t.Columns) * t.Stride() }
func (t matrixTile) Stage() int     { return t.Buffers * t.Buffer() }
func (t matrixTile) SumStride() int { return t.Slots*t.Unit.N + 4 }
func (t matrixTile) Sums() int      { return t.Down * t.Across * t.Unit.M * t.SumStride() }

func (t matrixTile) bytes() int { return t.Unit.bytes()*t.Stage() + 4*t.Sums() }

// part is blocks of a subgroup's sums that are written together: of a row I, those from J on.
type part struct{ I, J int }

// Sum is the column of the block in a slot.
func (p part) Sum(slot int) int { return p.J + slot }

// Parts are all blocks of a subgroup.
func (t matrixTile) Parts() []part {
	var parts []part
	for i := range t.BlocksDown() {
		for j := 0; j < t.BlocksAcross(); j += t.Slots {
			parts = append(parts, part{i, j})
		}
	}
	return parts
}

// divides reports whether the sizes are multiples of those of the unit, and the threads load the
// same number of vectors each.
func (t matrixTile) divides() bool {
	u := t.Unit
	return t.Rows%(t.Down*u.M) == 0 && t.Columns%(t.Across*u.N) == 0 && t.Depth%u.K == 0 && t.Lanes > 0 &&
		t.Threads()%(t.Depth/4) == 0 && t.Rows*t.Depth%(4*t.Threads()) == 0 && t.Columns*t.Depth%(4*t.Threads()) == 0
}

func (t matrixTile) fits(l *limits) bool {
	return t.bytes() <= int(l.workgroupStorage) && t.Threads() <= int(min(l.invocationsPerWorkgroup, l.workgroupSizeX))
}

// String names a tile, such as 128×128/4×2 by 32 in 1: of a workgroup, how many subgroups it has,
// its depth and how many buffers.
func (t matrixTile) String() string {
	return fmt.Sprintf("%d×%d/%d×%d by %d in %d", t.Rows, t.Columns, t.Down, t.Across, t.Depth, t.Buffers)
}
