// Command asm writes the assembly of package kernel, one family of operations a run:
//
//	go run . -op gemm -out ../gemm_amd64.s -stubs ../gemm_stubs_amd64.go -pkg kernel
//
// It has a module of its own, so that the generator is never linked into crossrank.
package main

import (
	"flag"
	"log"
	"maps"
	"slices"

	. "github.com/mmcloughlin/avo/build"
)

var families = map[string]func(){
	"gemm":        gemm,
	"gemm512":     gemm512,
	"gemmdot":     gemmdot,
	"gemmhalf":    gemmhalf,
	"gemmhalf512": gemmhalf512,
	"gemm8":       gemm8,
	"gemm16":      gemm16,
	"avxvnni":     avxvnni,
	"amx":         amx,
	"amx16":       amx16,
	"amxdot":      amxdot,
	"act":         func() { activations(ymm) },
	"act512":      func() { activations(zmm) },
	"quantize512": quantize512,
	"softmax":     softmax,
	"softmax512":  softmax512,
	"norm":        norms,
	"transpose":   transpose,
	"vnni":        vnni,
	"rotary":      rotary,
	"product":     product,
}

func main() {
	op := flag.String("op", "", "the family to write")
	flag.Parse()
	write, ok := families[*op]
	if !ok {
		log.Fatalf("-op %q: want one of %v", *op, slices.Sorted(maps.Keys(families)))
	}
	ConstraintExpr("amd64,!purego")
	write()
	Generate()
	if out := flag.Lookup("out").Value.String(); out != "" {
		if err := encodeFile(out); err != nil {
			log.Fatal(err)
		}
	}
}
