package checkpoint

import (
	"math"
	"strings"
	"testing"

	"github.com/crossrank/crossrank/internal/material"
	"github.com/crossrank/crossrank/internal/procstat"
)

// BenchmarkLibrary measures tokenizers beside the Hugging Face library, both on one core: MB/s, and
// how many times as fast as the library. English is what reranking is mostly measured on; the
// samples are of all scripts.
func BenchmarkLibrary(b *testing.B) {
	texts := map[string][]string{"english": material.Texts(b)[:1000], "scripts": nil}
	for range 40 {
		texts["scripts"] = append(texts["scripts"], samples...)
	}
	for _, elem := range wholeTokenizers {
		for _, kind := range []string{"english", "scripts"} {
			b.Run("tokenizer="+strings.TrimSuffix(elem[1], ".json")+"/text="+kind, func(b *testing.B) {
				benchmarkBeside(b, texts[kind], elem...)
			})
		}
	}
}

func benchmarkBeside(b *testing.B, texts []string, elem ...string) {
	path := material.Path(b, elem...)
	tok := readTokenizer(b, path)
	bytes := 0
	for _, text := range texts {
		bytes += len(text)
	}
	b.SetBytes(int64(bytes))
	b.ReportAllocs()
	var ids []int32
	for _, text := range texts {
		ids = tok.Append(ids[:0], text)
	}
	best := math.Inf(1) // processor's time, because a busy machine stretches the other
	for b.Loop() {
		start := processorTime(b)
		for _, text := range texts {
			ids = tok.Append(ids[:0], text)
		}
		best = min(best, processorTime(b)-start)
	}
	lib := startLibrary(b)
	if _, err := lib.ask(libraryRequest{File: path}); err != nil {
		b.Fatal(err)
	}
	a, err := lib.ask(libraryRequest{Time: texts, Rounds: 3})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(bytes)/best/1e6, "MB/s-of-processor")
	b.ReportMetric(a.Seconds/best, "×library")
}

// processorTime is how many seconds this process has computed.
func processorTime(b *testing.B) float64 {
	used := procstat.CPU()
	if used == nil {
		b.Skip("this system does not report the CPU time of a process")
	}
	return used.Seconds()
}

// BenchmarkReadTokenizer measures how long whole files take to become tokenizers.
func BenchmarkReadTokenizer(b *testing.B) {
	for _, elem := range wholeTokenizers {
		b.Run("tokenizer="+strings.TrimSuffix(elem[1], ".json"), func(b *testing.B) {
			path := material.Path(b, elem...)
			for b.Loop() {
				readTokenizer(b, path)
			}
		})
	}
}
