package native

import (
	"testing"

	"github.com/crossrank/crossrank/internal/kernel"
	"github.com/crossrank/crossrank/internal/network"
	"github.com/crossrank/crossrank/internal/network/sample"
)

// TestTailsCoverAllOnce: the workers of a team have every column once, of each product that follows
// the last layer's attention.
func TestTailsCoverAllOnce(t *testing.T) {
	for name, change := range map[string]func(*network.Network){"BERT": func(*network.Network) {}, "ModernBERT": modernBERT} {
		n := sample.Network(7, complete(geometries[0]))
		change(n)
		eachTier(t, n, Precisions, func(t *testing.T, m *model) {
			l := &m.layers[len(m.layers)-1]
			for count := 2; count <= 30; count++ {
				got := make([]int, 5)
				for _, cut := range m.cutTails(count) {
					for i, p := range []*kernel.Panels{cut.outProj, cut.gateProj, cut.upProj, cut.downProj, cut.dense} {
						first := []int{cut.out, cut.up, cut.up, cut.out, cut.head}[i]
						if p == nil {
							continue
						}
						if first != got[i] {
							t.Fatalf("%s, %d workers: columns of product %d begin at %d, want %d", name, count, i, first, got[i])
						}
						got[i] += p.Out
					}
				}
				for i, p := range []*kernel.Panels{l.outProj, l.gateProj, l.upProj, l.downProj, m.head.dense} {
					if p != nil && got[i] != p.Out || p == nil && got[i] != 0 {
						t.Fatalf("%s, %d workers: %d columns of product %d, of %v", name, count, got[i], i, p)
					}
				}
			}
		})
	}
}

// TestTailsAreForTeams: a worker alone has none, and neither have those whose head reads all rows.
func TestTailsAreForTeams(t *testing.T) {
	n := sample.Network(7, complete(geometries[0]))
	if m := start(t, n, Options{Threads: 1}).model; m.cutTails(1) != nil || len(m.cutTails(3)) != 3 {
		t.Error("want tails for three workers, and none for one")
	}
	mean(n)
	if m := start(t, n, Options{Threads: 1}).model; m.cutTails(3) != nil {
		t.Error("the head reads all rows; want no tails")
	}
}
