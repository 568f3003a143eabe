package kernel

import "github.com/crossrank/crossrank/internal/cpu"

var generic = &Set{
	Tier: cpu.Generic,
	tile: gemmTiles(12),
	tile8: [tileRows8]microkernel8{
		int8Tile(1), int8Tile(2), int8Tile(3), int8Tile(4),
	},
	tile16: [tileRows8]microkernel16{
		int16Tile(1), int16Tile(2), int16Tile(3), int16Tile(4),
	},
	quantize16: quantize16Generic,
	quantize:   quantizeGeneric,
	gelu:       geluGeneric,
	geluTanh:   geluTanhGeneric,
	relu:       reluGeneric,
	softmax:    softmaxGeneric,
	layerNorm:  layerNormGeneric,
	packRows:   packRowsGeneric,
	rotate:     rotateGeneric,
	multiply:   multiplyGeneric,
	add:        addGeneric,
}
