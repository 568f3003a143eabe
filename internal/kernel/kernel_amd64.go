//go:build amd64 && !purego

package kernel

import "github.com/crossrank/crossrank/internal/cpu"

var native = []*Set{avx2}

var avx2 = &Set{
	Tier: cpu.AVX2,
	tile: [tileRows]microkernel{
		tile1AVX2, tile2AVX2, tile3AVX2, tile4AVX2, tile5AVX2, tile6AVX2,
	},
	tile8: [tileRows8]microkernel8{
		int8Tile1AVX2, int8Tile2AVX2, int8Tile3AVX2, int8Tile4AVX2,
	},
	tile16: [tileRows8]microkernel16{
		int16Tile1AVX2, int16Tile2AVX2, int16Tile3AVX2, int16Tile4AVX2,
	},
	quantize16: quantize16AVX2,
	quantize:   quantizeAVX2,
	gelu:       geluAVX2,
	geluTanh:   geluTanhAVX2,
	relu:       reluAVX2,
	softmax:    softmaxAVX2,
	layerNorm:  layerNormAVX2,
	packRows:   packRowsAVX2,
	rotate:     rotateAVX2,
	multiply:   multiplyAVX2,
	add:        addAVX2,
}
