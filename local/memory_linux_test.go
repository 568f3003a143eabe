package local

import (
	"math/rand/v2"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/procstat"
)

// TestMemory holds that a model's resident memory is bounded by its weights, and that the shapes of
// requests do not make it grow: scratch memory is made once, for the largest there can be.
func TestMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("scores some hundred pairs with the built-in model")
	}
	before := residentAfterGC(t)
	for _, c := range []struct {
		precision string
		most      float64 // of the size of the weights in float32
	}{{"fp32", 2.2}, {"int8", 1.0}} {
		t.Run(c.precision, func(t *testing.T) {
			m, err := Open("builtin:minilm-l6", Options{Quantization: c.precision, Threads: 2})
			if err != nil {
				t.Fatal(err)
			}
			defer m.Close()
			weights := 4 * int(m.Info().Parameters)
			opened := resident(t) - before // as Open leaves it
			if most := int(c.most * float64(weights)); opened > most {
				t.Errorf("once opened, %d bytes are resident for weights of %d, want at most %d", opened, weights, most)
			}
			rng := rand.New(rand.NewPCG(1, 1))
			scoreShapes(t, m, rng, 1, 1, 512) // the longest pair
			scoreShapes(t, m, rng, 1, 40, 10) // many pairs
			warm := residentAfterGC(t)
			for range 25 {
				scoreShapes(t, m, rng, 1+rng.IntN(3), 1+rng.IntN(8), 1+rng.IntN(60))
			}
			scoreShapes(t, m, rng, 1, 2, 512)
			after := residentAfterGC(t)
			if grown, limit := after-warm, 4<<20; grown > limit {
				t.Errorf("random shapes made resident memory grow by %d bytes, want at most %d", grown, limit)
			}
			t.Logf("weights in float32 %d MiB; resident once opened %d MiB, warm %d MiB, after random shapes %d MiB",
				weights>>20, opened>>20, (warm-before)>>20, (after-before)>>20)
		})
	}
}

// scoreShapes scores requests of pairs with some number of words.
func scoreShapes(t *testing.T, m *Model, rng *rand.Rand, requests, pairs, words int) {
	t.Helper()
	for range requests {
		req := &crossrank.Request{}
		for range pairs {
			passage := strings.Repeat("city ", 1+words/2+rng.IntN(1+words/2))
			req.Pairs = append(req.Pairs, crossrank.Pair{Query: "what is paris", Passage: passage})
		}
		if _, err := m.Score(t.Context(), req); err != nil {
			t.Fatal(err)
		}
	}
}

// residentAfterGC is the resident memory once garbage is returned to the system.
func residentAfterGC(t *testing.T) int {
	t.Helper()
	debug.FreeOSMemory()
	return resident(t)
}

// resident is this process's resident memory in bytes.
func resident(t *testing.T) int {
	t.Helper()
	bytes := procstat.OwnResident()
	if bytes == nil {
		t.Fatal("the system does not say how much memory is resident")
	}
	return int(*bytes)
}
