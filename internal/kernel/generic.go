package kernel

import "github.com/crossrank/crossrank/internal/cpu"

var generic = &Set{
	Tier: cpu.Generic,
	tile: [tileRows]func(int, *float32, int, *float32, *float32, int, *float32, int, *float32, int){
		gemmTile(1), gemmTile(2), gemmTile(3), gemmTile(4), gemmTile(5), gemmTile(6),
	},
	tile8: [tileRows8]func(int, *uint8, int, *int8, *float32, *float32, *float32, int){
		int8Tile(1), int8Tile(2), int8Tile(3), int8Tile(4),
	},
	tile16: [tileRows8]func(int, *int16, int, *int16, *float32, *float32, *float32, int){
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
}
