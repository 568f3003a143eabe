package native

import (
	"fmt"
	"math"
	"testing"

	"github.com/crossrank/crossrank/internal/kernel"
	"github.com/crossrank/crossrank/internal/network"
	"github.com/crossrank/crossrank/internal/network/sample"
)

// TestGridsNeverChangeAScore: workers that share columns give the bits of one alone, on every tier,
// in every precision, for networks of several kinds.
func TestGridsNeverChangeAScore(t *testing.T) {
	for name, change := range map[string]func(*network.Network){
		"BERT":                   func(*network.Network) {},
		"the mean of all tokens": mean,
		"relative positions":     deBERTa,
		"windows":                windowed,
		"no biases, padding in the text": func(n *network.Network) {
			padded(n)
			for i := range n.Blocks {
				n.Blocks[i].Up.Bias, n.Blocks[i].Query.Bias = nil, nil
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			n := sample.Network(9, complete(geometries[0]))
			change(n)
			seqs := sample.Sequences(10, n, 33, 3, 20, 1)
			eachTier(t, n, Precisions, func(t *testing.T, m *model) {
				if !m.sharesColumns() {
					t.Fatal("the columns of this network cannot be shared")
				}
				want := make([]float32, len(seqs))
				forward(m, 100, seqs, want)
				for _, p := range []plan{{1, 4, 2}, {1, 4, 4}, {1, 6, 3}, {1, 8, 4}, {2, 4, 2}} {
					e := &Engine{model: m, maxTokens: 100}
					e.start(p.teams*p.size, nil)
					got := make([]float32, len(seqs))
					for range 2 {
						e.sort(inputsOf(seqs))
						if err := e.compute(inputsOf(seqs), got, p); err != nil {
							t.Fatal(err)
						}
						for i := range got {
							if math.Float32bits(got[i]) != math.Float32bits(want[i]) {
								t.Fatalf("%+v: logit %d is %g, want %g", p, i, got[i], want[i])
							}
						}
					}
					e.Close()
				}
			})
		})
	}
}

// TestNotAllShareColumns: networks whose steps are more than products and heads share rows alone.
func TestNotAllShareColumns(t *testing.T) {
	for name, change := range map[string]func(*network.Network){"ModernBERT": modernBERT, "GTE": gte, "narrow embeddings": narrow,
		"Qwen": decoder, "causal": causal, "grouped heads": grouped(2), "norms of heads": headNorms} {
		n := sample.Network(9, complete(geometries[0]))
		change(n)
		e := start(t, n, Options{Threads: 8, MaxTokens: 100})
		e.processors = func() int { return 8 }
		if p := e.plan(inputsOf(sample.Sequences(1, n, 9))); e.model.sharesColumns() || p.columns != 1 || e.memory.all.feed != nil {
			t.Errorf("%s: the plan is %+v, want one that shares rows alone", name, p)
		}
	}
}

// TestColumnsCoverAllOnce: the parts of a layer hold every column once.
func TestColumnsCoverAllOnce(t *testing.T) {
	for _, c := range geometries {
		n := sample.Network(7, complete(c))
		eachTier(t, n, Precisions, func(t *testing.T, m *model) {
			for count := 1; count <= m.heads.Count; count++ {
				for k := range m.whole() {
					heads, out, up := 0, 0, 0
					for _, cut := range m.cutColumns(count) {
						c := cut[k]
						if c.heads != heads || c.outProj != nil && c.out != out || c.upProj != nil && c.up != up {
							t.Errorf("%d columns: a part begins at head %d, columns %d and %d; want %d, %d and %d",
								count, c.heads, c.out, c.up, heads, out, up)
						}
						heads = c.to
						if c.outProj != nil {
							out += c.outProj.Out
						}
						if c.upProj != nil {
							up += c.upProj.Out
						}
					}
					if got, want := fmt.Sprint(heads, kernel.Pad(out), kernel.Pad(up)), fmt.Sprint(m.heads.Count, m.hidden, m.intermediate); got != want {
						t.Errorf("%d columns: the parts end at %s, want %s", count, got, want)
					}
				}
			}
		})
	}
}
