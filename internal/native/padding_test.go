package native

import (
	"slices"
	"testing"

	"github.com/crossrank/crossrank/internal/network"
	"github.com/crossrank/crossrank/internal/network/sample"
)

// TestPaddingIsComputedAndChangesNothing pads a batch to its longest sequence: the same bits, from
// rows that were computed.
func TestPaddingIsComputedAndChangesNothing(t *testing.T) {
	const longest = 40
	for i, change := range []func(*network.Network){
		func(*network.Network) {}, deBERTa, gte, modernBERT, modernBERTMean, decoder, func(n *network.Network) { n.Embeddings.Positions.Offset = 5 },
	} {
		c := complete(geometries[i%3])
		n := sample.Network(7, c)
		change(n)
		seqs := sample.Sequences(9, n, 1, 7, 16, 33, longest, 17)
		padded := slices.Clone(seqs)
		for i := range padded {
			padded[i].Pad = longest - len(padded[i].IDs)
		}
		if count, rows := block(inputsOf(padded), blockTokens); count != 6 || rows != 6*longest {
			t.Errorf("a block holds %d sequences of %d rows, want all 6 of 40 each", count, rows)
		}
		eachTier(t, n, Precisions, func(t *testing.T, m *model) {
			want, got := make([]float32, len(seqs)), make([]float32, len(seqs))
			forward(m, c.Positions, seqs, want)
			forward(m, c.Positions, padded, got)
			if !slices.Equal(got, want) {
				t.Errorf("got logits %v, want %v as without padding", got, want)
			}

			s := m.newScratch(c.Positions)
			m.reserve(s, 1, 1)
			m.forward(s, m.newWorkspace(c.Positions), part{}, inputsOf(padded[1:2]), got)
			for r := range longest {
				if row := s.x[r*m.hidden : (r+1)*m.hidden]; !slices.ContainsFunc(row, func(v float32) bool { return v != 0 }) {
					t.Errorf("row %d of a sequence of 7 tokens and 33 of padding was not computed", r)
				}
			}
			if s.x[longest*m.hidden] != 0 {
				t.Error("more rows were computed than there are")
			}
		})
	}
}
