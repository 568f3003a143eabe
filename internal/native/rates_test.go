package native

import (
	"math"
	"testing"

	"github.com/crossrank/crossrank/internal/cpu"
	"github.com/crossrank/crossrank/internal/network"
	"github.com/crossrank/crossrank/internal/network/sample"
)

// TestPredictionsAreTimes: what is predicted is finite and grows with the work, for networks of
// several kinds, on every tier, in every precision.
func TestPredictionsAreTimes(t *testing.T) {
	for name, change := range map[string]func(*network.Network){
		"BERT": func(*network.Network) {}, "the mean of all tokens": mean, "ModernBERT": modernBERT, "a decoder": decoder,
		"one block": func(n *network.Network) { n.Blocks = n.Blocks[:1] },
	} {
		n := sample.Network(9, complete(geometries[0]))
		change(n)
		eachTier(t, n, Precisions, func(t *testing.T, m *model) {
			c := costsOf(n, m)
			for _, workers := range []int{1, 2, 16} {
				few := c.time(&load{rows: 80, sequences: 2, longest: 50, attention: 1}, workers, 1)
				many := c.time(&load{rows: 800, sequences: 20, longest: 50, attention: 10}, workers, 1)
				if !(few > 0 && many > few) || math.IsInf(many, 0) {
					t.Errorf("%s, %d workers: 80 rows take %g, 800 take %g", name, workers, few, many)
				}
			}
		})
	}
}

// TestOtherTiersHaveRates: those of AVX2 stand for tiers that are not in the table, so none is
// missing there.
func TestOtherTiersHaveRates(t *testing.T) {
	r := ratesOf[cpu.AVX2]
	for i, speed := range []float64{r.fp32.speed, r.dot.speed, r.int8.speed, r.attention} {
		if speed <= 0 {
			t.Errorf("speed %d of AVX2 is %g", i, speed)
		}
	}
}
