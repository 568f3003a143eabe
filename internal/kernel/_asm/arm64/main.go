// Command arm64 writes the assembly of package kernel for NEON, one family of operations a run:
//
//	go run ./arm64 -op gemm
//
// writes ../gemm_arm64.s and ../gemm_stubs_arm64.go. It does for arm64 what package avo does for
// amd64, as far as these kernels need it: parameters are found by name, constants are collected,
// and instructions that Go's assembler lacks are encoded here and written as WORD with the
// instruction beside it, in the words of Arm's manual.
//
// Registers are chosen by hand, since there are 32 of each: R0 to R15 hold pointers and counts, R16
// to R18, R27 and R28 belong to the linker, the platform and Go. Kernels call nothing, so that no
// register needs to be saved.
package main

import (
	"flag"
	"log"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

var families = map[string]func(*file){
	"gemm":      gemm,
	"gemmdot":   gemmdot,
	"gemmhalf":  gemmhalf,
	"gemm8":     gemm8,
	"gemm16":    gemm16,
	"i8mm":      i8mm,
	"act":       activations,
	"softmax":   softmax,
	"norm":      norms,
	"transpose": transpose,
	"rotary":    rotary,
	"product":   product,
}

func main() {
	op := flag.String("op", "", "the family to write")
	dir := flag.String("dir", "..", "where the package lies")
	flag.Parse()
	write, ok := families[*op]
	if !ok {
		log.Fatalf("-op %q: want one of %v", *op, slices.Sorted(maps.Keys(families)))
	}
	f := newFile(*op)
	write(f)
	for name, text := range map[string]string{*op + "_arm64.s": f.assembly(), *op + "_stubs_arm64.go": f.stubs()} {
		if err := os.WriteFile(filepath.Join(*dir, name), []byte(text), 0o644); err != nil {
			log.Fatal(err)
		}
	}
}
