package quality

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/crossrank/crossrank"
)

// The wanted values were worked out by hand.
func TestAgree(t *testing.T) {
	pairs := []crossrank.Pair{{Query: "a"}, {Query: "a"}, {Query: "b"}, {Query: "b"}, {Query: "c"}}
	want := []float64{1, 2, 3, 4, 5}
	got := []float64{1, 2.5, 4, 3, 5} // the best passage of a is the same, that of b is not
	a := Agree(pairs, got, want, "fp32")
	if a.MaxAbsError != 1 || math.Abs(a.MeanAbsError-0.5) > 1e-12 || math.Abs(a.StdDev-math.Sqrt2) > 1e-12 {
		t.Errorf("got errors %g and %g with a deviation of %g, want 1, 0.5 and √2", a.MaxAbsError, a.MeanAbsError, a.StdDev)
	}
	if a.RankCorrelation == nil || math.Abs(*a.RankCorrelation-0.9) > 1e-12 {
		t.Errorf("rank correlation is %s, want 0.9", fmtFloat(a.RankCorrelation))
	}
	if a.Top1.Queries != 2 || *a.Top1.Share != 0.5 {
		t.Errorf("the best passage is the same for %v, want half of 2 queries", a.Top1)
	}
	if a.Top10.Queries != 0 || a.Top10.Share != nil {
		t.Errorf("the ten best passages of queries with two are the same for %v, want n/a", a.Top10)
	}
}

func TestAgreeOnTheTenBest(t *testing.T) {
	pairs := make([]crossrank.Pair, 12)
	want := []float64{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}
	got := slices.Clone(want)
	got[11], got[10] = 10, 11 // within the ten best
	got[0] = 12               // takes the place of 2, the tenth
	if a := Agree(pairs, got, want, ""); a.Top10.Queries != 1 || *a.Top10.Share != 0.9 {
		t.Errorf("got %v, want 90 %% of 1 query", a.Top10)
	}
}

func fmtFloat(x *float64) string {
	if x == nil {
		return "none"
	}
	return fmt.Sprint(*x)
}
