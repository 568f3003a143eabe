package webgpu

import "fmt"

// productTile is how a product is divided: a [threadTile], or a [matrixTile] where the device has
// matrix units. Its name is that of a time in the file of tuning.go. It can be compared.
type productTile interface {
	fmt.Stringer
	shader() string
	size() (rows, columns int) // of what a workgroup computes
	fits(*limits) bool         // whether a device has the memory and the threads for it
}

// threadTile is how a product is divided among threads: a workgroup computes Rows × Columns
// elements, a thread RowsEach × VectorsEach vectors of four, and Depth4 vectors of the inner
// dimension pass through the workgroup's memory at a time. No size changes the bits of a result.
type threadTile struct{ Rows, Columns, RowsEach, VectorsEach, Depth4 int }

// threadTiles are those that an engine chooses from, see tuning.go; the first is the default. Large
// tiles read less and small ones make more workgroups; which is faster depends on the device.
var threadTiles = []productTile{
	threadTile{64, 64, 4, 1, 4},
	threadTile{32, 32, 4, 1, 4},
	threadTile{128, 64, 8, 1, 4},
	threadTile{64, 64, 4, 1, 8},
	threadTile{128, 128, 8, 2, 4},
}

func (t threadTile) shader() string            { return "matmul" }
func (t threadTile) size() (rows, columns int) { return t.Rows, t.Columns }

// Of a tile: threads of a workgroup along columns and rows, and vectors of its memory. Rows are one
// vector longer than they need to be, so that they lie in different banks.
func (t threadTile) ThreadsX() int   { return t.Columns / (4 * t.VectorsEach) }
func (t threadTile) ThreadsY() int   { return t.Rows / t.RowsEach }
func (t threadTile) RowTile() int    { return t.Rows * (t.Depth4 + 1) }
func (t threadTile) ColumnTile() int { return t.Columns * (t.Depth4 + 1) }

func (t threadTile) fits(l *limits) bool {
	threads := t.ThreadsX() * t.ThreadsY()
	return 16*(t.RowTile()+t.ColumnTile()) <= int(l.workgroupStorage) && threads <= int(l.invocationsPerWorkgroup) &&
		t.ThreadsX() <= int(l.workgroupSizeX) && t.ThreadsY() <= int(l.workgroupSizeY)
}

// String names a tile, such as 64×64/4×4 by 16: of a workgroup, of a thread, and its depth.
func (t threadTile) String() string {
	return fmt.Sprintf("%d×%d/%d×%d by %d", t.Rows, t.Columns, t.RowsEach, 4*t.VectorsEach, 4*t.Depth4)
}
