package kernel

import (
	"github.com/crossrank/crossrank/internal/cpu"
	"github.com/crossrank/crossrank/internal/half"
)

var generic = &Set{
	Tier:       cpu.Generic,
	tiles:      tiles{tile: tilesUpTo(12, gemmTile)},
	fp16:       halfTilesUpTo(6, half.F16),
	bf16:       halfTilesUpTo(6, half.BF16),
	dot:        tiles{tile: tilesUpTo(12, dotTile)},
	roundPairs: roundPairsGeneric,
	tile8:      tilesUpTo(12, int8Tile),
	block8:     int8Block,
	tile16:     tilesUpTo(12, int16Tile),
	block16:    int16Block,
	split16:    split16Generic,
	quantize16: quantize16Generic,
	quantize:   quantizeGeneric,
	gelu:       geluGeneric,
	geluTanh:   geluTanhGeneric,
	relu:       reluGeneric,
	silu:       siluGeneric,
	softmax:    softmaxGeneric,
	layerNorm:  layerNormGeneric,
	rmsNorm:    rmsNormGeneric,
	packRows:   packRowsGeneric,
	rotate:     rotateGeneric,
	multiply:   multiplyGeneric,
	add:        addGeneric,
}

// Plain returns plain Go that adds the products of pairs in the order in which the instructions of
// s do: what s computes up to the last bits of other operations.
func (s *Set) Plain() *Set {
	plain := *generic
	switch s.Tier {
	case cpu.AMX:
		plain.dotBlock = dotBlockGeneric
	case cpu.NEONBF16:
		plain.dot.tile = tilesUpTo(len(plain.tile), matrixTile)
	}
	return &plain
}

// tilesUpTo returns the plain versions of a microkernel for 1 to largest rows. The largest of
// generic is as high as that of any tier.
func tilesUpTo[T any](largest int, tile func(rows int) T) (tiles []T) {
	for rows := 1; rows <= largest; rows++ {
		tiles = append(tiles, tile(rows))
	}
	return tiles
}
