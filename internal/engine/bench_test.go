package engine

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// BenchmarkLogits is the built-in model's, which has MiniLM-L-6's geometry, by precision and cores: a batch like those of real
// pairs, the same cut into requests of one pair, and a short one.
func BenchmarkLogits(b *testing.B) {
	m, err := builtin()
	if err != nil {
		b.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 1))
	lengths := make([]int, 32)
	for i := range lengths {
		lengths[i] = 40 + i*7%85
	}
	for _, load := range []struct {
		name    string
		lengths []int
	}{{"pairs=32", lengths}, {"pairs=1/tokens=80", []int{80}}, {"pairs=1/tokens=20", []int{20}}} {
		seqs := sequences(rng, load.lengths...)
		for _, precision := range Precisions {
			for _, threads := range []int{1, 2} {
				e, err := New(m, Options{Threads: threads, Precision: precision})
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
