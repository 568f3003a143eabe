package pipeline

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestShortlistIsComplete: whatever the errors are within the bound, the n highest of what is
// computed in full are the n highest of all, and not all are computed.
func TestShortlistIsComplete(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 1))
	all, computed := 0, 0
	for round := range 2000 {
		spread := 1.0 // of the errors within the bound
		if round%2 == 1 {
			spread = 1.0 / ownDeviations
		}
		bound := errorBound{mean: rnd.NormFloat64(), most: rnd.Float64() / 2}
		full := make([]float64, 2+rnd.IntN(60))
		drafts := make([]float64, len(full))
		for i := range full {
			full[i] = rnd.NormFloat64()
			drafts[i] = full[i] - bound.mean - bound.most*spread*(2*rnd.Float64()-1)
		}
		n := 1 + rnd.IntN(len(full)/2)
		l := newShortlist(drafts, n, bound)
		for next := l.next(); len(next) > 0; next = l.next() {
			for _, i := range next {
				l.set(i, full[i])
			}
		}
		if l.widened() && spread < 1 {
			t.Errorf("the bound %+v was widened to %g by errors within it", bound, l.errors.most)
		}
		if got, want := nthHighest(finiteOf(l.full, l.computed), n), nthHighest(full, n); got != want {
			t.Errorf("the %d-th of %d is %g of what was computed, want %g", n, len(full), got, want)
		}
		all += len(full)
		computed += l.known
	}
	if computed > all*3/4 {
		t.Errorf("%d of %d pairs were computed, hardly fewer than all", computed, all)
	}
}

func finiteOf(x []float64, computed []bool) (some []float64) {
	for i := range x {
		if computed[i] {
			some = append(some, x[i])
		}
	}
	return some
}

// TestShortlist shows each rule by itself. Drafts fall from 10, and the bound is 1.5.
func TestShortlist(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		name   string
		drafts []float64
		full   []float64 // what computing gives
		n      int
		rounds [][]int
	}{
		{"those within the bound below the n-th", []float64{10, 9, 8, 7, 6, 5}, []float64{10, 9, 8, 7, 6, 5}, 2, [][]int{{0, 1, 2}}},
		{"more when the n-th falls", []float64{10, 9, 8, 7, 6, 5}, []float64{9, 7.5, 7, 7, 6, 5}, 2, [][]int{{0, 1, 2}, {3, 4}}},
		{"more when an error is larger than the bound", []float64{10, 9, 8, 7, 6, 5}, []float64{13, 9, 8, 7, 6, 5}, 2, [][]int{{0, 1, 2}, {3, 4}}},
		{"a draft that is no number", []float64{10, 9, nan, 7, 6, nan}, []float64{10, 9, 8, 7, 6, 5}, 1, [][]int{{0, 1, 2, 5}}},
		{"equal to the limit", []float64{10, 8.5, 8.4, 7}, []float64{10, 8.5, 8.4, 7}, 1, [][]int{{0, 1}}},
		{"fewer numbers than n: all", []float64{10, nan, nan, nan}, []float64{10, 9, 8, 7}, 2, [][]int{{0, 1, 2, 3}}},
		{"a full logit that is no number ends it", []float64{10, 9, 5}, []float64{nan, 9, 5}, 1, [][]int{{0, 1}}},
	} {
		l := newShortlist(c.drafts, c.n, errorBound{most: 1.5})
		var rounds [][]int
		for next := l.next(); len(next) > 0; next = l.next() {
			rounds = append(rounds, next)
			for _, i := range next {
				l.set(i, c.full[i])
			}
		}
		if !slices.EqualFunc(rounds, c.rounds, slices.Equal[[]int]) {
			t.Errorf("%s: computed %v, want %v", c.name, rounds, c.rounds)
		}
	}
}

// TestErrorsWidenTheBound: eight errors of 1 make a bound of four, fewer leave it at the largest,
// and one of 5 adds its square.
func TestErrorsWidenTheBound(t *testing.T) {
	l := newShortlist(make([]float64, 9), 1, errorBound{most: 0.5})
	for i, want := range []float64{1, 1, 1, 1, 1, 1, 1, 4, 4 * math.Sqrt(33.0/9)} {
		full := 1.0
		if i == 8 {
			full = -5
		}
		if l.set(i, full); math.Abs(l.errors.most-want) > 1e-12 || !l.widened() {
			t.Errorf("after %d errors the bound is %g, want %g", i+1, l.errors.most, want)
		}
	}
}

// TestShortlistOfSaturatedScores: where scores are equal though logits differ, pairs are ranked by
// their order, so that all of them may be among the first.
func TestShortlistOfSaturatedScores(t *testing.T) {
	l := newShortlist([]float64{9, 30, 40}, 1, errorBound{most: 1})
	l.activate = func(logit float64) float64 { return min(logit, 20) }
	if got := l.next(); !slices.Equal(got, []int{1, 2}) {
		t.Errorf("got %v, want the two that are saturated", got)
	}
}

func TestBoundOf(t *testing.T) {
	for _, c := range []struct {
		errs []float64
		want errorBound
	}{
		{[]float64{1, 3}, errorBound{2, 5}},
		{[]float64{2, 2, 2}, errorBound{2, 0}},
		{append(make([]float64, 99), 100), errorBound{1, 99}}, // five deviations are 49.7
	} {
		if got := boundOf(c.errs); math.Abs(got.mean-c.want.mean) > 1e-12 || math.Abs(got.most-c.want.most) > 1e-12 {
			t.Errorf("%v: got %+v, want %+v", c.errs, got, c.want)
		}
	}
}
