package kernel

import "github.com/crossrank/crossrank/internal/cpu"

var generic = &Set{
	Tier: cpu.Generic,
	tile: [TileRows]func(int, *float32, int, *float32, *float32, int, *float32, int){
		gemmTile(1), gemmTile(2), gemmTile(3), gemmTile(4), gemmTile(5), gemmTile(6),
	},
	gelu:      geluGeneric,
	geluTanh:  geluTanhGeneric,
	relu:      reluGeneric,
	softmax:   softmaxGeneric,
	layerNorm: layerNormGeneric,
	packRows:  packRowsGeneric,
}
