package onnx

import (
	"slices"
	"testing"

	"github.com/crossrank/crossrank/internal/network"
)

func sequencesOf(lengths ...int) []network.Sequence {
	seqs := make([]network.Sequence, len(lengths))
	for i, n := range lengths {
		seqs[i].IDs = make([]int32, n)
	}
	return seqs
}

// TestDivide: every sequence is in one run, which is long enough for it, and little of a run is
// padding.
func TestDivide(t *testing.T) {
	for _, c := range []struct {
		name    string
		lengths []int
		runs    int
	}{
		{"none", nil, 0},
		{"one", []int{7}, 1},
		{"like ones", []int{40, 38, 40, 37}, 1},
		{"long and short ones", []int{10, 500, 11, 490}, 2},
		{"shorter ones beside many long ones", []int{100, 100, 100, 100, 60}, 1},
		{"more products than a run may have", slices.Repeat([]int{512}, 30), 2},
	} {
		runs := division{heads: 12, maxTokens: 512}.divide(sequencesOf(c.lengths...))
		if len(runs) != c.runs {
			t.Errorf("%s: got %d runs, want %d", c.name, len(runs), c.runs)
		}
		var seen []int
		for _, r := range runs {
			tokens := 0
			for _, i := range r.sequences {
				tokens += c.lengths[i]
				if c.lengths[i] > r.length {
					t.Errorf("%s: %d tokens in a run of %d", c.name, c.lengths[i], r.length)
				}
			}
			n := len(r.sequences)
			if padded := n*r.length - tokens; n > 1 && float64(padded) > max(maxPadded*float64(n*r.length), freePadding*float64(n)) {
				t.Errorf("%s: %d of %d × %d rows are padding", c.name, padded, n, r.length)
			}
			seen = append(seen, r.sequences...)
		}
		slices.Sort(seen)
		for i, at := range seen {
			if i != at || len(seen) != len(c.lengths) {
				t.Fatalf("%s: the runs have the sequences %v", c.name, seen)
			}
		}
	}
}

// TestPositions: a token that is padding by RoBERTa's rule has the row of padding and is not
// counted.
func TestPositions(t *testing.T) {
	f := newFeeds(&network.Network{Embeddings: network.Embeddings{
		Positions: &network.Positions{Table: network.Table{Rows: 6}, Offset: 2},
	}})
	rows := make([]int64, 6)
	f.positions(rows, []int32{5, 1, 7})
	if want := []int64{2, 1, 3, 4, 5, 5}; !slices.Equal(rows, want) {
		t.Errorf("got %v, want %v", rows, want)
	}
}

// TestPairRows: distances beyond those of the table count as the farthest.
func TestPairRows(t *testing.T) {
	r := &network.Relative{Table: network.Table{Rows: 3}, Rows: []int32{0, 1, 2}}
	queries, keys := pairRows(r, 3)
	if want := []int64{1, 0, 0, 5, 4, 3, 8, 8, 7}; !slices.Equal(queries, want) {
		t.Errorf("queries: got %v, want %v", queries, want)
	}
	if want := []int64{1, 3, 6, 2, 4, 6, 2, 5, 7}; !slices.Equal(keys, want) {
		t.Errorf("keys: got %v, want %v", keys, want)
	}
}
