//go:build amd64 && !purego

package kernel

import "github.com/crossrank/crossrank/internal/cpu"

var native = []*Set{amx, avx512BF16, avx512VNNI, avx512, avxVNNI, avx2}

var avx2 = &Set{
	Tier: cpu.AVX2,
	tiles: tiles{tile: []microkernel{
		tile1AVX2, tile2AVX2, tile3AVX2, tile4AVX2, tile5AVX2, tile6AVX2,
	}},
	fp16: halfTiles{tile: []microkernelHalf{
		fp16Tile1AVX2, fp16Tile2AVX2, fp16Tile3AVX2, fp16Tile4AVX2, fp16Tile5AVX2, fp16Tile6AVX2,
	}},
	bf16: halfTiles{tile: []microkernelHalf{
		bf16Tile1AVX2, bf16Tile2AVX2, bf16Tile3AVX2, bf16Tile4AVX2, bf16Tile5AVX2, bf16Tile6AVX2,
	}},
	tile8: []microkernel8{
		int8Tile1AVX2, int8Tile2AVX2, int8Tile3AVX2, int8Tile4AVX2,
	},
	tile16: []microkernel16{
		int16Tile1AVX2, int16Tile2AVX2, int16Tile3AVX2, int16Tile4AVX2,
	},
	quantize16: quantize16AVX2,
	quantize:   quantizeAVX2,
	gelu:       geluAVX2,
	geluTanh:   geluTanhAVX2,
	relu:       reluAVX2,
	silu:       siluAVX2,
	softmax:    softmaxAVX2,
	layerNorm:  layerNormAVX2,
	rmsNorm:    rmsNormAVX2,
	packRows:   packRowsAVX2,
	rotate:     rotateAVX2,
	multiply:   multiplyAVX2,
	add:        addAVX2,
}

var avxVNNI = avxVNNISet()

// avxVNNISet is AVX2 with the products of int8 and int16 that the VEX form of VNNI's instructions
// makes.
func avxVNNISet() *Set {
	s := *avx2
	s.Tier = cpu.AVXVNNI
	s.fullRange8 = true
	s.tile8 = []microkernel8{
		int8Tile1AVXVNNI, int8Tile2AVXVNNI, int8Tile3AVXVNNI, int8Tile4AVXVNNI, int8Tile5AVXVNNI, int8Tile6AVXVNNI,
	}
	s.tile16 = []microkernel16{
		int16Tile1AVXVNNI, int16Tile2AVXVNNI, int16Tile3AVXVNNI, int16Tile4AVXVNNI, int16Tile5AVXVNNI, int16Tile6AVXVNNI,
	}
	return &s
}

var avx512 = avx512Set()

// avx512Set is AVX2 with the products of float32, the activations, softmax and quantizing to bytes
// in vectors of 16.
func avx512Set() *Set {
	s := *avx2
	s.Tier = cpu.AVX512
	s.tile = []microkernel{
		tile1AVX512, tile2AVX512, tile3AVX512, tile4AVX512, tile5AVX512, tile6AVX512,
		tile7AVX512, tile8AVX512, tile9AVX512, tile10AVX512, tile11AVX512, tile12AVX512,
	}
	s.pair = []microkernelPair{
		pair1AVX512, pair2AVX512, pair3AVX512, pair4AVX512, pair5AVX512, pair6AVX512,
		pair7AVX512, pair8AVX512, pair9AVX512, pair10AVX512, pair11AVX512, pair12AVX512,
	}
	s.fp16 = halfTiles{
		tile: []microkernelHalf{fp16Tile1AVX512, fp16Tile2AVX512, fp16Tile3AVX512, fp16Tile4AVX512},
		pair: []microkernelHalf{fp16Pair1AVX512, fp16Pair2AVX512, fp16Pair3AVX512, fp16Pair4AVX512},
	}
	s.bf16 = halfTiles{
		tile: []microkernelHalf{bf16Tile1AVX512, bf16Tile2AVX512, bf16Tile3AVX512, bf16Tile4AVX512},
		pair: []microkernelHalf{bf16Pair1AVX512, bf16Pair2AVX512, bf16Pair3AVX512, bf16Pair4AVX512},
	}
	s.gelu, s.geluTanh, s.relu, s.silu = geluAVX512, geluTanhAVX512, reluAVX512, siluAVX512
	s.softmax = softmaxAVX512
	s.quantize = quantizeAVX512
	return &s
}

var avx512VNNI = vnniSet()

// vnniSet is AVX-512 with the products of int8 and int16 that VNNI's instructions make.
func vnniSet() *Set {
	s := *avx512
	s.Tier = cpu.AVX512VNNI
	s.fullRange8 = true
	s.tile8 = []microkernel8{
		int8Tile1VNNI, int8Tile2VNNI, int8Tile3VNNI, int8Tile4VNNI, int8Tile5VNNI, int8Tile6VNNI,
		int8Tile7VNNI, int8Tile8VNNI, int8Tile9VNNI, int8Tile10VNNI, int8Tile11VNNI, int8Tile12VNNI,
	}
	s.pair8 = []microkernelPair8{
		int8Pair1VNNI, int8Pair2VNNI, int8Pair3VNNI, int8Pair4VNNI, int8Pair5VNNI, int8Pair6VNNI,
		int8Pair7VNNI, int8Pair8VNNI, int8Pair9VNNI, int8Pair10VNNI, int8Pair11VNNI, int8Pair12VNNI,
	}
	s.tile16 = []microkernel16{
		int16Tile1VNNI, int16Tile2VNNI, int16Tile3VNNI, int16Tile4VNNI, int16Tile5VNNI, int16Tile6VNNI,
		int16Tile7VNNI, int16Tile8VNNI, int16Tile9VNNI, int16Tile10VNNI, int16Tile11VNNI, int16Tile12VNNI,
	}
	s.pair16 = []microkernelPair16{
		int16Pair1VNNI, int16Pair2VNNI, int16Pair3VNNI, int16Pair4VNNI, int16Pair5VNNI, int16Pair6VNNI,
		int16Pair7VNNI, int16Pair8VNNI, int16Pair9VNNI, int16Pair10VNNI, int16Pair11VNNI, int16Pair12VNNI,
	}
	return &s
}

var avx512BF16 = bf16Set()

// bf16Set is AVX-512 with VNNI, and the products of bfloat16 that AVX512_BF16 makes.
func bf16Set() *Set {
	s := *avx512VNNI
	s.Tier = cpu.AVX512BF16
	s.dot = tiles{
		tile: []microkernel{
			tile1BF16, tile2BF16, tile3BF16, tile4BF16, tile5BF16, tile6BF16,
			tile7BF16, tile8BF16, tile9BF16, tile10BF16, tile11BF16, tile12BF16,
		},
		pair: []microkernelPair{
			pair1BF16, pair2BF16, pair3BF16, pair4BF16, pair5BF16, pair6BF16,
			pair7BF16, pair8BF16, pair9BF16, pair10BF16, pair11BF16, pair12BF16,
		},
	}
	s.roundPairs = roundPairsBF16
	return &s
}

var amx = amxSet()

// amxSet is AVX-512 with VNNI and AVX512_BF16, and the products of int8, int16 and bfloat16 that
// AMX makes.
func amxSet() *Set {
	s := *avx512BF16
	s.Tier = cpu.AMX
	s.block8 = int8BlockAMX
	s.dotBlock = dotBlockAMX
	s.planes16, s.block16, s.split16 = true, int16BlockAMX, split16AVX512
	return &s
}
