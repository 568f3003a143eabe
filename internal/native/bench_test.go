package native

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

// BenchmarkUneven compares the two ways to spread a batch over two cores, by how much more than half of it the larger part
// has: divided, the time is that of the larger part; shared, all cores wait for each other in every layer. It is what
// unevenPercent was chosen by.
func BenchmarkUneven(b *testing.B) {
	m, err := builtin()
	if err != nil {
		b.Fatal(err)
	}
	e, err := New(m, Options{Threads: 2})
	if err != nil {
		b.Fatal(err)
	}
	defer e.Close()
	rng := rand.New(rand.NewPCG(1, 1))
	for _, load := range []struct {
		percent int
		lengths []int
	}{{0, []int{100, 100}}, {3, []int{103, 97}}, {5, []int{105, 95}}, {10, []int{110, 90}}, {20, []int{120, 80}}, {33, []int{80, 80, 80}}} {
		seqs := sequences(rng, load.lengths...)
		for _, shared := range []bool{false, true} {
			b.Run(fmt.Sprintf("above=%d%%/shared=%v", load.percent, shared), func(b *testing.B) {
				out := make([]float32, len(seqs))
				for b.Loop() {
					e.divide(seqs)
					if err := e.compute(seqs, out, shared); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
