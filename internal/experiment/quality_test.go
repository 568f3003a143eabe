package experiment

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/dataset"
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

// Of the first query the relevant document, of grade 2, is second of the two candidates by BM25 and first by the scores; a
// relevant one, of grade 1, was no candidate. Of the second query the only relevant one is last of two either way.
func TestJudge(t *testing.T) {
	task := &Task{Collection: &dataset.Collection{Name: "c"}, Candidates: []dataset.Candidates{
		{Documents: []dataset.Text{{ID: "1"}, {ID: "2"}}, Grades: []float64{0, 2}, Judged: []float64{1, 2}},
		{Documents: []dataset.Text{{ID: "3"}, {ID: "4"}}, Grades: []float64{0, 1}, Judged: []float64{1}},
	}, Pairs: make([]crossrank.Pair, 4)}
	j := task.Judge([]float64{1, 2, 5, 4})
	second := 1 / math.Log2(3)
	best := 2 + second
	for _, c := range []struct {
		what      string
		got, want float64
	}{
		{"nDCG@10", j.NDCG10, (2/best + second) / 2}, {"MRR@10", j.MRR10, (1 + 0.5) / 2},
		{"nDCG@10 of BM25", j.FirstNDCG, (2*second/best + second) / 2}, {"MRR@10 of BM25", j.FirstMRR, 0.5},
		{"queries", float64(j.Queries), 2}, {"pairs", float64(j.Pairs), 4},
	} {
		if math.Abs(c.got-c.want) > 1e-12 {
			t.Errorf("%s is %v, want %v", c.what, c.got, c.want)
		}
	}
}
