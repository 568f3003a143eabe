package native

import (
	"testing"

	"github.com/crossrank/crossrank/internal/network"
)

func TestPartsCoverAllOnce(t *testing.T) {
	for n := range 50 {
		for count := 1; count <= 7; count++ {
			next := 0
			for i := range count {
				low, high := part{index: i, count: count}.of(n)
				if low != next || high < low || high-low > (n+count-1)/count {
					t.Fatalf("%d things, worker %d of %d: %d to %d, want to start at %d", n, i, count, low, high, next)
				}
				next = high
			}
			if next != n {
				t.Fatalf("%d things, %d workers: only %d covered", n, count, next)
			}
		}
	}
}

// TestRowsOfWorkersCostTheSame: all rows of a block are covered once, and no worker's cost more
// than one row above an even part, whatever the sequences.
func TestRowsOfWorkersCostTheSame(t *testing.T) {
	m := &model{quadratic: 100} // so that attention is much
	for _, lengths := range [][]int{{1}, {80}, {300, 20, 20, 20}, {100, 90, 80, 70, 1, 1}, {7, 7, 7}} {
		var seqs []network.Sequence
		rows, total := 0, 0
		var costs []int // of each row
		for _, n := range lengths {
			seqs = append(seqs, network.Sequence{IDs: make([]int32, n)})
			rows += n
			total += n * m.rowCost(n)
			for range n {
				costs = append(costs, m.rowCost(n))
			}
		}
		for count := 1; count <= 9; count++ {
			next := 0
			for i := range count {
				low, high := m.rowsOf(part{index: i, count: count}, inputsOf(seqs), rows)
				if low != next || high < low {
					t.Fatalf("%v, worker %d of %d: %d to %d, want to start at %d", lengths, i, count, low, high, next)
				}
				next = high
				cost := 0
				for _, c := range costs[low:high] {
					cost += c
				}
				if most := total/count + m.rowCost(lengths[0]) + 1; cost > most {
					t.Errorf("%v, worker %d of %d has rows of cost %d, want at most %d", lengths, i, count, cost, most)
				}
			}
			if next != rows {
				t.Fatalf("%v, %d workers: only %d rows covered", lengths, count, next)
			}
		}
	}
}
