//go:build arm64 && !purego

package kernel

import "github.com/crossrank/crossrank/internal/cpu"

var native = []*Set{neonBF16, neonI8MM, neonDot, neon}

var neon = &Set{
	Tier: cpu.NEON,
	tiles: tiles{tile: []microkernel{
		tile1NEON, tile2NEON, tile3NEON, tile4NEON, tile5NEON, tile6NEON,
	}},
	fp16: halfTiles{tile: []microkernelHalf{
		fp16Tile1NEON, fp16Tile2NEON, fp16Tile3NEON, fp16Tile4NEON, fp16Tile5NEON, fp16Tile6NEON,
	}},
	bf16: halfTiles{tile: []microkernelHalf{
		bf16Tile1NEON, bf16Tile2NEON, bf16Tile3NEON, bf16Tile4NEON, bf16Tile5NEON, bf16Tile6NEON,
	}},
	tile8: []microkernel8{
		int8Tile1NEON, int8Tile2NEON, int8Tile3NEON, int8Tile4NEON,
	},
	tile16: []microkernel16{
		int16Tile1NEON, int16Tile2NEON, int16Tile3NEON, int16Tile4NEON,
	},
	fullRange8: true,
	quantize:   quantizeNEON,
	quantize16: quantize16NEON,
	gelu:       geluNEON,
	geluTanh:   geluTanhNEON,
	relu:       reluNEON,
	silu:       siluNEON,
	softmax:    softmaxNEON,
	layerNorm:  layerNormNEON,
	rmsNorm:    rmsNormNEON,
	packRows:   packRowsNEON,
	rotate:     rotateNEON,
	multiply:   multiplyNEON,
	add:        addNEON,
}

var neonDot = dotSet()

// dotSet is NEON with the int8 product that the dot product instructions make.
func dotSet() *Set {
	s := *neon
	s.Tier = cpu.NEONDot
	s.tile8 = []microkernel8{
		int8Tile1Dot, int8Tile2Dot, int8Tile3Dot, int8Tile4Dot,
	}
	return &s
}

var neonI8MM = i8mmSet()

// i8mmSet is NEON with the int8 product that the matrix instructions make.
func i8mmSet() *Set {
	s := *neon
	s.Tier = cpu.NEONI8MM
	s.tile8 = []microkernel8{
		int8Tile1I8MM, int8Tile2I8MM, int8Tile3I8MM, int8Tile4I8MM, int8Tile5I8MM, int8Tile6I8MM,
	}
	return &s
}

var neonBF16 = bf16Set()

// bf16Set is NEON with the int8 product that the matrix instructions make, and the products of
// bfloat16 that they make.
func bf16Set() *Set {
	s := *neonI8MM
	s.Tier = cpu.NEONBF16
	s.dot = tiles{tile: []microkernel{tile1BF16, tile2BF16, tile3BF16, tile4BF16, tile5BF16, tile6BF16}}
	s.roundPairs = roundPairsBF16
	return &s
}
