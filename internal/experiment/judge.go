package experiment

import (
	"time"

	"github.com/crossrank/crossrank/internal/load"
	"github.com/crossrank/crossrank/internal/results"
	"github.com/crossrank/crossrank/internal/stats"
)

// allowedLate is how many requests may be late in a probe that passes: as many as the test of package stats allows in
// the longest probe. More than a few make probes longer without moving the border.
const allowedLate = 10

// verdict is what a probe says of a bound.
type verdict int

const (
	undecided verdict = iota
	passed
	failed
	unjudged // the generator did not offer the rate
)

// judge follows a probe and ends it as soon as it is known what it says of each of several bounds of the latency: that so
// few requests were late that the percentile keeps the bound, or so many that this cannot come to be within the requests
// that are left.
//
// A bound passes by the requests up to one, in the order of sending, before which none is under way: those that take
// longest are answered last, and would be left out otherwise. It fails by all that were answered.
type judge struct {
	most  int           // requests of the probe at most
	trust int           // so many without a late one pass for now; 0: only the whole test will do
	least time.Duration // that a probe takes which passes: what is overloaded is not slow at once
	needs []int
	on    []*bound

	whole   int // requests before which none is under way
	waiting map[int]results.Request
}

// bound is one that a judge looks at.
type bound struct {
	ms      float64
	verdict verdict
	late    int // of the requests that were answered or failed
	counted int // late ones of the judge's whole ones
}

// newJudge judges probes of at most so many requests.
func newJudge(percentile float64, most, trust int, bounds ...float64) *judge {
	j := &judge{most: most, trust: trust, waiting: map[int]results.Request{}}
	for late := range allowedLate + 2 {
		j.needs = append(j.needs, stats.Needed(percentile, late))
	}
	for _, ms := range bounds {
		j.on = append(j.on, &bound{ms: ms})
	}
	return j
}

func (b *bound) isLate(r results.Request) bool {
	return !r.OK() || stats.Milliseconds(r.Latency()) > b.ms
}

// record is a load.Config's Record.
func (j *judge) record(r results.Request) error {
	j.fail(r)
	j.waiting[r.Seq] = r
	for {
		next, ok := j.waiting[j.whole]
		if !ok {
			break
		}
		delete(j.waiting, j.whole)
		j.whole++
		j.pass(next)
	}
	for _, b := range j.on {
		if b.verdict == undecided {
			return nil
		}
	}
	return load.ErrEnough
}

// fail finds bounds that cannot be kept any more, even without another late request.
func (j *judge) fail(r results.Request) {
	for _, b := range j.on {
		if b.isLate(r) {
			b.late = min(b.late+1, allowedLate+1)
		}
		if b.verdict == undecided && (b.late > allowedLate || j.needs[b.late] > j.most) {
			b.verdict = failed
		}
	}
}

// pass finds bounds that are kept.
func (j *judge) pass(r results.Request) {
	for _, b := range j.on {
		if b.isLate(r) {
			b.counted = min(b.counted+1, allowedLate+1)
		}
		enough := j.whole >= j.needs[b.counted] || j.trust > 0 && b.counted == 0 && j.whole >= j.trust
		if b.verdict == undecided && enough && r.Intended >= j.least {
			b.verdict = passed
		}
	}
}
