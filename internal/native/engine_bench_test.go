package native

import (
	"fmt"
	"testing"

	"github.com/crossrank/crossrank/internal/network"
	"github.com/crossrank/crossrank/internal/network/sample"
)

// miniLM is the geometry of MiniLM-L-6.
var miniLM = sample.Geometry{
	Hidden: 384, Blocks: 6, Heads: 12, Intermediate: 1536, Tokens: 30522, Positions: 512, Activation: network.GELU, Labels: 1,
}

// BenchmarkLogits computes with MiniLM-L-6's geometry, by precision and cores: a batch like those
// of real pairs, one pair of common length, and a short one.
func BenchmarkLogits(b *testing.B) {
	n := sample.Network(42, miniLM)
	lengths := make([]int, 32)
	for i := range lengths {
		lengths[i] = 40 + i*7%85
	}
	for _, load := range []struct {
		name    string
		lengths []int
	}{{"pairs=32", lengths}, {"pairs=1/tokens=80", []int{80}}, {"pairs=1/tokens=20", []int{20}}} {
		seqs := sample.Sequences(1, n, load.lengths...)
		for _, precision := range Precisions {
			for _, threads := range []int{1, 2} {
				e, err := New(n, Options{Threads: threads, Precision: precision})
				if err != nil {
					b.Fatal(err)
				}
				b.Run(fmt.Sprintf("%s/precision=%s/threads=%d/tier=%s", load.name, precision, threads, e.Tier()), func(b *testing.B) {
					out := make([]float32, len(seqs))
					b.ReportAllocs()
					for b.Loop() {
						if err := e.Logits(seqs, out); err != nil {
							b.Fatal(err)
						}
					}
					b.ReportMetric(float64(len(seqs))*float64(b.N)/b.Elapsed().Seconds(), "pairs/s")
				})
				e.Close()
			}
		}
	}
}

// BenchmarkUneven compares the two ways to spread a batch over two cores, by how much more than
// half of it the larger part has: divided, the time is that of the larger part; jointly, the cores
// wait for each other in every layer. It shows where costs should find both alike.
func BenchmarkUneven(b *testing.B) {
	n := sample.Network(42, miniLM)
	for _, precision := range Precisions {
		e := start(b, n, Options{Threads: 2, Precision: precision})
		for _, load := range []struct {
			percent int
			lengths []int
		}{{0, []int{100, 100}}, {3, []int{103, 97}}, {5, []int{105, 95}}, {10, []int{110, 90}}, {20, []int{120, 80}}, {33, []int{80, 80, 80}}} {
			seqs := sample.Sequences(1, n, load.lengths...)
			for _, p := range []plan{{2, 1, 1}, {1, 2, 1}} {
				b.Run(fmt.Sprintf("precision=%s/above=%d%%/teams=%d", precision, load.percent, p.teams), func(b *testing.B) {
					out := make([]float32, len(seqs))
					e.sort(inputsOf(seqs))
					for b.Loop() {
						if err := e.compute(inputsOf(seqs), out, p); err != nil {
							b.Fatal(err)
						}
					}
					b.ReportMetric(e.planner.predict(inputsOf(seqs), e.order, p), "rows-predicted")
				})
			}
		}
		e.Close()
	}
}
