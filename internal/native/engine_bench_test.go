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
// half of it the larger part has: divided, the time is that of the larger part; jointly, all cores
// wait for each other in every layer. unevenPercent was chosen by it.
func BenchmarkUneven(b *testing.B) {
	n := sample.Network(42, miniLM)
	e, err := New(n, Options{Threads: 2})
	if err != nil {
		b.Fatal(err)
	}
	defer e.Close()
	for _, load := range []struct {
		percent int
		lengths []int
	}{{0, []int{100, 100}}, {3, []int{103, 97}}, {5, []int{105, 95}}, {10, []int{110, 90}}, {20, []int{120, 80}}, {33, []int{80, 80, 80}}} {
		seqs := sample.Sequences(1, n, load.lengths...)
		for _, joint := range []bool{false, true} {
			b.Run(fmt.Sprintf("above=%d%%/joint=%v", load.percent, joint), func(b *testing.B) {
				out := make([]float32, len(seqs))
				for b.Loop() {
					e.divide(seqs)
					if err := e.compute(seqs, out, joint); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
