// Package kernel is the arithmetic of networks on float32 matrices: matrix products with packed
// weights, attention with its softmax, rotary positions, layer norm and the activations.
//
// Every operation is a family of files: op.go has its contract, op_generic.go the plain Go version
// that is the truth in tests, and op_amd64.s and op_arm64.s what package _asm generates for AVX2
// and for NEON; gemm512_amd64.s and vnni_amd64.s are the products for AVX-512, avxvnni_amd64.s
// those for VNNI without it, amx_amd64.s and i8mm_arm64.s those for the matrix instructions of
// Intel and of Arm. A [Set] is one implementation of all operations; [For] returns that of an
// instruction tier.
//
// # Layout
//
// Matrices are row-major with a stride ("ld", leading dimension) in elements. Widths are padded
// with zeros to a multiple of [Width], so that no kernel has a tail in that direction. The padding
// of weights, biases, gains and activations is zero and stays zero through every operation. Kernels
// read and write whole vectors, so the memory of a row reaches to its padded width.
//
// # Determinism
//
// What a kernel computes for a row depends on that row and its operands alone, bit for bit: not on
// how many rows there are, nor on where a row lies in its block. TestRowsAreIndependent checks
// this.
package kernel

import (
	"fmt"

	"github.com/crossrank/crossrank/internal/cpu"
)

// Width is the multiple to which all widths are padded: the columns of a panel of packed weights.
const Width = 16

// Pad rounds n up to a multiple of [Width].
func Pad(n int) int { return (n + Width - 1) &^ (Width - 1) }

// Set is one implementation of every operation. Its methods are safe for concurrent use on
// different outputs.
type Set struct {
	Tier cpu.Tier

	tiles

	fp16, bf16 halfTiles

	dot        tiles    // of pairs of bfloat16 numbers, see panelsDot; none where Packer.PackDot makes other panels
	dotBlock   dotBlock // in place of dot; nil in most sets
	roundPairs func(dst *uint16, src *float32, n int)

	tile8      []microkernel8
	pair8      []microkernelPair8 // pair8[r-1] computes r rows of two panels; none in most sets
	fullRange8 bool               // tile8 adds in 32 bits throughout
	block8     block8             // for all but a few rows, in place of tile8; nil in most sets
	quantize   func(dst *uint8, src *float32, n int, quantMax float32, param *float32)

	tile16     []microkernel16
	pair16     []microkernelPair16 // likewise
	planes16   bool                // see Planes16
	block16    block16             // for panels in planes; nil in most sets
	split16    func(low *uint8, words *int16, n int)
	quantize16 func(dst *int16, src *float32, n int, quantMax float32, param *float32)

	// Activations of a strip of rows × Width elements, in place.
	gelu, geluTanh, relu, silu func(x *float32, rows, ld int)

	softmax   func(x *float32, rows, ld, n int, scale float32)
	layerNorm func(dst, x, residual, gain, bias *float32, n int, eps float32)
	rmsNorm   func(dst, x, gain *float32, n int, eps float32)
	packRows  func(dst, src *float32, ld, k int)
	rotate    func(x *float32, heads, size int, table *float32)
	multiply  func(x *float32, ldx int, y *float32, ldy, rows int)
	add       func(x, y *float32, n int)
}

// FullRange8 reports whether the int8 product adds in 32 bits throughout, so that nothing overflows
// where both operands use all of their 8 bits, see [Packer.Pack8Full].
func (s *Set) FullRange8() bool { return s.fullRange8 }

// tiles are the microkernels of a product.
type tiles struct {
	tile []microkernel     // tile[r-1] computes r rows
	pair []microkernelPair // pair[r-1] computes r rows of two panels; none in most sets
}

// microkernel computes a tile of a product of float32, C = init + A·B, where A has as many rows as
// the tile is high and B is one panel of k × Width. Strides (lda, ldi, ldc) are in elements; ldi is
// 0 to start every row from the same init. C may be init.
//
// next is a panel that will be read soon: for each four rows of B, the microkernel fetches as many
// cache lines of it as lines says, 4·Width elements apart. That is a hint. It changes no result,
// and next need not be memory at all.
type microkernel func(k int, a *float32, lda int, b, init *float32, ldi int, c *float32, ldc int, next *float32, lines int)

// microkernelPair is a microkernel for two panels side by side: B's panels are apart elements
// apart, and so are the two that will be read soon; C has 2·Width columns, and so has init.
type microkernelPair func(k int, a *float32, lda int, b *float32, apart int, init *float32, ldi int, c *float32, ldc int, next *float32, lines int)

// halfTiles computes the first rows of a product with 16-bit weights: tile[r-1] computes r rows of
// one panel, and pair[r-1], which most sets lack, of two.
type halfTiles struct{ tile, pair []microkernelHalf }

// microkernelHalf is a microkernel whose weights are in 16 bits. It writes them to wide as float32,
// for the microkernels that compute the other rows. Of two panels, in B and in wide, the second
// follows the first; what is fetched meanwhile begins at next and has no gap.
type microkernelHalf func(k int, a *float32, lda int, b *uint16, wide, init *float32, ldi int, c *float32, ldc int, next *float32, lines int)

// microkernel8 computes a tile of a product of quantized rows and int8 weights, see int8Tile.
type microkernel8 func(k int, a *uint8, lda int, b *int8, rows, columns, c *float32, ldc int)

// microkernelPair8 is a microkernel8 for two panels side by side: B's panels are apart elements
// apart, and so are the two that will be read soon, the first of which is next; C has 2·Width
// columns. For each four rows of B, it fetches two cache lines of either next panel.
type microkernelPair8 func(k int, a *uint8, lda int, b *int8, apart int, rows, columns, c *float32, ldc int, next *int8)

// microkernel16 computes a tile of a product of quantized rows and int16 weights, see int16Tile.
type microkernel16 func(k int, a *int16, lda int, b *int16, rows, columns, c *float32, ldc int)

// microkernelPair16 is a microkernel16 for two panels, as microkernelPair8 is.
type microkernelPair16 func(k int, a *int16, lda int, b *int16, apart int, rows, columns, c *float32, ldc int, next *int16)

// For returns the kernels of a tier.
func For(tier cpu.Tier) (*Set, error) {
	if tier == cpu.Generic {
		return generic, nil
	}
	for _, s := range native {
		if s.Tier == tier {
			return s, nil
		}
	}
	return nil, fmt.Errorf("this build has no kernels for %q", tier)
}
