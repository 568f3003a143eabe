//go:build amd64 && !purego

package kernel

import (
	"encoding/binary"
	"unsafe"
)

// int8BlockAMX is int8Block by the tiles of AMX.
func int8BlockAMX(k int, a *uint8, lda, rows int, b *int8, panels int, perRow, columns, c *float32, ldc int) {
	height, group := tileShape(rows, k)
	config := configureTiles(height, group)
	var memory sums
	int8TilesAMX(&config[0], memory.aligned(), k, group, a, lda, rows, height, b, panels, perRow, columns, c, ldc)
}

// int16BlockAMX is int16Block by the tiles of AMX.
func int16BlockAMX(k int, low *uint8, ldl int, high *uint8, ldh, rows int, b *int8, panels int, perRow, columns, c *float32, ldc int) {
	height, group := tileShape(rows, k)
	config := configureTiles(height, group)
	var memory sums
	int16TilesAMX(&config[0], memory.aligned(), k, group, low, ldl, high, ldh, rows, height, b, panels, perRow, columns, c, ldc)
}

// dotBlockAMX is dotBlockGeneric by the tiles of AMX.
func dotBlockAMX(k int, a *uint16, lda, rows int, b *uint16, panels int, bias, c *float32, ldc int) {
	height, group := tileShape(rows, 4*k)
	config := configureTiles(height, group)
	var memory sums
	dotTilesAMX(&config[0], memory.aligned(), 4*k, group, a, 2*lda, rows, height, b, panels, bias, c, ldc)
}

// sums is memory for four tiles of sums.
type sums [4*tileRows*Width + cacheLine/4]int32

// aligned returns where they begin, at a line of the cache.
func (s *sums) aligned() *int32 {
	return &s[-uintptr(unsafe.Pointer(s))%cacheLine/4]
}

// What one tile holds at most.
const (
	tileRows  = 16
	tileBytes = 64 // of a row
)

// tileShape returns the height of tiles of rows, the smallest that needs no further tile, and the
// inputs that a tile holds: as many as divide k, a multiple of 16, so that no tile is left over.
func tileShape(rows, k int) (height, group int) {
	tiles := (rows + tileRows - 1) / tileRows
	group = tileBytes
	for k%group != 0 {
		group -= tileRows
	}
	return (rows + tiles - 1) / tiles, group
}

// tileConfig is what LDTILECFG loads: the number of the format, 1; at byte 16 the bytes of each
// tile's row in 16 bits, at byte 48 the number of its rows in 8 bits.
type tileConfig [64]byte

// configureTiles describes the eight tiles as both products use them: 0 to 3 are sums, 4 and 5 are
// rows of A, 6 and 7 panels.
func configureTiles(height, group int) (t tileConfig) {
	t[0] = 1
	for tile := range 8 {
		rows, bytes := height, 4*Width
		switch {
		case tile >= 6:
			rows = group / 4
		case tile >= 4:
			bytes = group
		}
		binary.LittleEndian.PutUint16(t[16+2*tile:], uint16(bytes))
		t[48+tile] = byte(rows)
	}
	return t
}
