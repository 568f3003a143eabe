package experiment

import (
	"time"

	"github.com/crossrank/crossrank/internal/load"
	"github.com/crossrank/crossrank/internal/results"
	"github.com/crossrank/crossrank/internal/stats"
)

// allowedLate is how many requests may be late in a probe that passes. More of them make probes
// longer without moving the rate that is found.
const allowedLate = 10

// verdict is what a probe says of an objective.
type verdict int

const (
	undecided verdict = iota
	passed
	failed
	notOffered // the generator did not keep the schedule
)

// sloTest follows a probe and ends it as soon as it is decided whether each of several objectives
// is met: so few requests were late that the percentile is within the bound, or so many that this
// cannot become true with the requests that are left.
//
// An objective passes by the requests before the first one that is still under way, in the order of
// sending: the slowest are answered last, and would be left out otherwise. It fails by all that
// were answered.
type sloTest struct {
	most       int           // requests of the probe at most
	trust      int           // so many without a late one pass provisionally; 0: only the whole test passes
	least      time.Duration // of a probe that passes: an overloaded server is not slow at once
	needs      []int         // requests that the test takes, by how many of them are late
	objectives []*objective

	finished int // requests from the first on that have all ended
	waiting  map[int]results.Request
}

// objective is a bound of the latency in a sloTest.
type objective struct {
	ms      float64
	verdict verdict
	late    int // of the requests that were answered or failed
	counted int // late ones of the finished requests
}

// newSLOTest tests probes of at most so many requests.
func newSLOTest(percentile float64, most, trust int, bounds ...float64) *sloTest {
	t := &sloTest{most: most, trust: trust, waiting: map[int]results.Request{}}
	for late := range allowedLate + 2 {
		t.needs = append(t.needs, stats.Needed(percentile, late))
	}
	for _, ms := range bounds {
		t.objectives = append(t.objectives, &objective{ms: ms})
	}
	return t
}

func (o *objective) isLate(r results.Request) bool {
	return !r.OK() || stats.Milliseconds(r.Latency()) > o.ms
}

// record is a load.Config's Record.
func (t *sloTest) record(r results.Request) error {
	t.fail(r)
	t.waiting[r.Seq] = r
	for {
		next, ok := t.waiting[t.finished]
		if !ok {
			break
		}
		delete(t.waiting, t.finished)
		t.finished++
		t.pass(next)
	}
	for _, o := range t.objectives {
		if o.verdict == undecided {
			return nil
		}
	}
	return load.ErrEnough
}

// fail finds objectives that cannot be met any more, even without another late request.
func (t *sloTest) fail(r results.Request) {
	for _, o := range t.objectives {
		if o.isLate(r) {
			o.late = min(o.late+1, allowedLate+1)
		}
		if o.verdict == undecided && (o.late > allowedLate || t.needs[o.late] > t.most) {
			o.verdict = failed
		}
	}
}

// pass finds objectives that are met.
func (t *sloTest) pass(r results.Request) {
	for _, o := range t.objectives {
		if o.isLate(r) {
			o.counted = min(o.counted+1, allowedLate+1)
		}
		enough := t.finished >= t.needs[o.counted] || t.trust > 0 && o.counted == 0 && t.finished >= t.trust
		if o.verdict == undecided && enough && r.Intended >= t.least {
			o.verdict = passed
		}
	}
}
