package summary

import (
	"cmp"
	"math"
	"slices"

	"github.com/crossrank/crossrank/internal/stats"
)

// noDifference is the largest difference between two values of a measure that comes from the order
// of summation alone.
const noDifference = 1e-9

// Comparison compares two systems query by query.
type Comparison struct {
	Base     int                   `json:"base"`  // index of the system that is compared with
	Other    int                   `json:"other"` // a win is a query that it ranks better
	Measures map[string]Difference `json:"measures"`
}

// Difference is that of the values of two systems, Other − Base.
type Difference struct {
	Estimate
	P      Value `json:"p"` // two-sided
	Wins   int   `json:"wins"`
	Ties   int   `json:"ties"`
	Losses int   `json:"losses"`
}

func (e *Evaluation) compare(base, other int) Comparison {
	c := Comparison{Base: base, Other: other, Measures: map[string]Difference{}}
	for _, m := range e.Measures {
		differences := e.Differences(m.Key, base, other)
		d := Difference{Estimate: estimate(differences), P: Value(stats.Randomization(differences))}
		for _, x := range differences {
			switch {
			case x > 0:
				d.Wins++
			case x < 0:
				d.Losses++
			default:
				d.Ties++
			}
		}
		c.Measures[m.Key] = d
	}
	return c
}

// Differences are those of a measure between two systems, other − base, by query.
func (e *Evaluation) Differences(key string, base, other int) []float64 {
	before, differences := e.column(key, base), e.column(key, other)
	for i := range differences {
		if differences[i] -= before[i]; math.Abs(differences[i]) < noDifference {
			differences[i] = 0
		}
	}
	return differences
}

// Changed returns the indexes of the queries whose nDCG differs most between two systems, the
// largest loss or gain first, at most n. Queries without a difference are left out.
func (e *Evaluation) Changed(base, other, n int) []int {
	differences := e.Differences(e.Measures[0].Key, base, other)
	var changed []int
	for i, d := range differences {
		if d != 0 {
			changed = append(changed, i)
		}
	}
	slices.SortStableFunc(changed, func(a, b int) int {
		return cmp.Compare(math.Abs(differences[b]), math.Abs(differences[a]))
	})
	return changed[:min(n, len(changed))]
}

// Worst returns the indexes of the queries that a system ranks worst by nDCG, at most n.
func (e *Evaluation) Worst(system, n int) []int {
	values := e.column(e.Measures[0].Key, system)
	all := make([]int, len(values))
	for i := range all {
		all[i] = i
	}
	slices.SortStableFunc(all, func(a, b int) int { return cmp.Compare(values[a], values[b]) })
	return all[:min(n, len(all))]
}
