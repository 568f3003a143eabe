// Package kernel is the arithmetic of the encoder on float32 matrices: matrix products with packed weights, attention's
// softmax, layer norm and the activations.
//
// Every operation is a family of files: op.go has its contract, op_generic.go the plain Go version that is the truth in
// tests, op_amd64.s and op_arm64.s what package _asm generates for AVX2 and for NEON. A [Set] is one implementation of all of
// them; [For] gives the one of a tier.
//
// # Layout
//
// Matrices are row-major with a stride ("ld", leading dimension) in elements. Widths are padded with zeros to a multiple
// of [Width], so that no kernel has a tail in that direction: the padding of weights, biases, gains and activations is
// zero and stays zero through every operation. Kernels read and write whole vectors, so the memory of a row reaches to its
// padded width.
//
// # Determinism
//
// What a kernel computes for a row depends on that row and its operands alone, bit for bit: not on how many rows there are,
// nor on where a row lies in its block. TestRowsAreIndependent holds this.
package kernel

import (
	"fmt"

	"github.com/crossrank/crossrank/internal/cpu"
)

// Width is the multiple to which all widths are padded: the columns of a panel of packed weights.
const Width = 16

// Pad rounds n up to a multiple of [Width].
func Pad(n int) int { return (n + Width - 1) &^ (Width - 1) }

// Set is one implementation of every operation. Its methods are safe for concurrent use on different outputs.
type Set struct {
	Tier cpu.Tier

	// tile[r-1] computes r rows of one panel, see gemmTile.
	tile [tileRows]func(k int, a *float32, lda int, b *float32, init *float32, ldi int, c *float32, ldc int, next *float32, lines int)

	// tile8[r-1] computes r rows of one panel of int8 weights, see int8Tile; quantize makes the bytes it reads.
	tile8    [tileRows8]func(k int, a *uint8, lda int, b *int8, rows, columns *float32, c *float32, ldc int)
	quantize func(dst *uint8, src *float32, n int, levels float32, param *float32)

	// The same for int16, see int16Tile.
	tile16     [tileRows8]func(k int, a *int16, lda int, b *int16, rows, columns *float32, c *float32, ldc int)
	quantize16 func(dst *int16, src *float32, n int, levels float32, param *float32)

	// Strips are rows × Width elements, changed in place.
	gelu, geluTanh, relu func(x *float32, rows, ld int)

	softmax   func(x *float32, rows, ld, n int, scale float32)
	layerNorm func(dst, x, residual, gain, bias *float32, n int, eps float32)
	packRows  func(dst, src *float32, ld, k int)
}

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
