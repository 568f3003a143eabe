package webgpu

import "fmt"

// productTile is how a product is divided: a workgroup computes Rows × Columns elements, a thread
// RowsEach × VectorsEach vectors of four, and Depth4 vectors of the inner dimension pass through
// the workgroup's memory at a time. No size changes the bits of a result.
type productTile struct{ Rows, Columns, RowsEach, VectorsEach, Depth4 int }

// productTiles are those that an engine chooses from, see tuning.go; the first is the default.
// Large tiles read less and small ones make more workgroups; which is faster depends on the device.
var productTiles = []productTile{
	{64, 64, 4, 1, 4},
	{32, 32, 4, 1, 4},
	{128, 64, 8, 1, 4},
	{64, 64, 4, 1, 8},
	{128, 128, 8, 2, 4},
}

// Of a tile: threads of a workgroup along columns and rows, and vectors of its memory. Rows are one
// vector longer than they need to be, so that they lie in different banks.
func (t productTile) ThreadsX() int   { return t.Columns / (4 * t.VectorsEach) }
func (t productTile) ThreadsY() int   { return t.Rows / t.RowsEach }
func (t productTile) RowTile() int    { return t.Rows * (t.Depth4 + 1) }
func (t productTile) ColumnTile() int { return t.Columns * (t.Depth4 + 1) }

// fits reports whether a device has the memory and the threads for it.
func (t productTile) fits(l *limits) bool {
	threads := t.ThreadsX() * t.ThreadsY()
	return 16*(t.RowTile()+t.ColumnTile()) <= int(l.workgroupStorage) && threads <= int(l.invocationsPerWorkgroup) &&
		t.ThreadsX() <= int(l.workgroupSizeX) && t.ThreadsY() <= int(l.workgroupSizeY)
}

// String names a tile, such as 64×64/4×4 by 16: of a workgroup, of a thread, and its depth.
func (t productTile) String() string {
	return fmt.Sprintf("%d×%d/%d×%d by %d", t.Rows, t.Columns, t.RowsEach, 4*t.VectorsEach, 4*t.Depth4)
}
