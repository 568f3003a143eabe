package pipeline

import (
	"math"
	"slices"
)

// shortlist chooses which pairs of a request are computed in full, so that its n highest scores are
// those of computing all.
//
// The error of a pair is its full logit less its draft. Errors have a mean m and lie within m ± b.
// With T the n-th highest full logit so far, a pair whose draft is d can be among the n if d + m +
// b ≥ T. Before any is known, T is the n-th highest draft plus m. So next names at first the pairs
// whose drafts are at most b below the n-th highest, and from then on those that can still be among
// the n by what is known. The errors of the request's own pairs widen b, to the largest of them
// and, once there are some, to four of their standard deviations.
//
// What is chosen depends on the request and on the bound alone, and on no other request.
type shortlist struct {
	n        int
	errors   errorBound                  // b is widened
	measured float64                     // b as it was measured
	activate func(logit float64) float64 // what scores are of logits; nil means the same
	drafts   []float64                   // of all pairs; NaN where one is not finite
	full     []float64                   // NaN where the pair was not computed
	computed []bool                      //
	known    int                         // how many were
	squares  float64                     // of their errors' deviations from m, the sum
}

func newShortlist(drafts []float64, n int, errors errorBound) *shortlist {
	return &shortlist{
		n: n, errors: errors, measured: errors.most,
		drafts: drafts, full: make([]float64, len(drafts)), computed: make([]bool, len(drafts)),
	}
}

// next returns the pairs to be computed next, in ascending order: none when no other pair can be
// among the n highest.
func (l *shortlist) next() []int {
	least := l.score(l.least())
	return l.pairs(func(i int) bool {
		highest := l.drafts[i] + l.errors.mean + l.errors.most
		return !(l.score(highest) < least) // also where it is no number
	})
}

// rest returns all pairs that were not computed.
func (l *shortlist) rest() []int { return l.pairs(func(int) bool { return true }) }

func (l *shortlist) pairs(is func(i int) bool) (pairs []int) {
	for i := range l.drafts {
		if !l.computed[i] && is(i) {
			pairs = append(pairs, i)
		}
	}
	return pairs
}

// least is T.
func (l *shortlist) least() float64 {
	if l.known == 0 {
		return nthHighest(l.drafts, l.n) + l.errors.mean
	}
	var known []float64
	for i, logit := range l.full {
		if l.computed[i] {
			known = append(known, logit)
		}
	}
	return nthHighest(known, l.n)
}

// nthHighest is the n-th highest number, or -Inf if there are fewer.
func nthHighest(x []float64, n int) float64 {
	sorted := slices.DeleteFunc(slices.Clone(x), math.IsNaN)
	if len(sorted) < n {
		return math.Inf(-1)
	}
	slices.Sort(sorted)
	return sorted[len(sorted)-n]
}

func (l *shortlist) score(logit float64) float64 {
	if l.activate == nil {
		return logit
	}
	return l.activate(logit)
}

// A request's own errors widen the bound to so many of their standard deviations, once it has so
// many errors.
const (
	ownDeviations = 4
	minErrors     = 8
)

// set brings the full logit of a pair; NaN if it is not finite.
func (l *shortlist) set(pair int, logit float64) {
	l.full[pair], l.computed[pair] = logit, true
	l.known++
	e := math.Abs(logit - l.drafts[pair] - l.errors.mean)
	if math.IsNaN(e) || math.IsInf(e, 0) {
		return
	}
	l.squares += e * e
	l.errors.most = max(l.errors.most, e)
	if l.known >= minErrors {
		l.errors.most = max(l.errors.most, ownDeviations*math.Sqrt(l.squares/float64(l.known)))
	}
}

// widened reports whether an error was larger than those that were measured.
func (l *shortlist) widened() bool { return l.errors.most > l.measured }
