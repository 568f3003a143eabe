package experiment

import (
	"fmt"
	"testing"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/load"
	"github.com/crossrank/crossrank/internal/results"
)

// The counts are those of the early-stopping test: 459 requests hold P99 without a late one, 662
// with one, and so on.
func TestSLOTestStopsEarly(t *testing.T) {
	first := func(n int) func(int) bool { return func(i int) bool { return i < n } }
	for _, c := range []struct {
		what        string
		percentile  float64
		late        func(i int) bool
		most, trust int
		stops       int
		verdict     verdict
	}{
		{"none late", 99, first(0), 2010, 0, 459, passed},
		{"the first late", 99, first(1), 2010, 0, 662, passed},
		{"two late", 99, first(2), 2010, 0, 838, passed},
		{"five late", 99, first(5), 2010, 0, 1307, passed},
		{"ten late", 99, first(10), 2010, 0, 2010, passed},
		{"ten late, and no room for so many requests", 99, first(10), 2009, 0, 10, failed},
		{"P90, none late", 90, first(0), 500, 0, 44, passed},
		{"P95, none late", 95, first(0), 500, 0, 90, passed},
		{"P99.9, none late", 99.9, first(0), 5000, 0, 4603, passed},
		{"the first late, and no room for more requests", 99, first(1), 459, 0, 1, failed},
		{"every tenth late", 99, func(i int) bool { return i%10 == 0 }, 5000, 0, 101, failed},
		{"one late at the end of the test", 99, func(i int) bool { return i == 458 }, 662, 0, 662, passed},
		{"none late, and trusted soon", 99, first(0), 2010, 100, 100, passed},
		{"one late, which is not trusted", 99, first(1), 2010, 100, 662, passed},
	} {
		j := newSLOTest(c.percentile, c.most, c.trust, 10)
		i := 0
		for ; i < c.most; i++ {
			if j.record(answered(i, c.late(i))) == load.ErrEnough {
				break
			}
		}
		if got := j.objectives[0].verdict; i+1 != c.stops || got != c.verdict {
			t.Errorf("%s: stopped after %d with verdict %d; want %d, %d", c.what, i+1, got, c.stops, c.verdict)
		}
	}
}

// answered is a request that took 5 ms, or 11 ms if it was late.
func answered(seq int, late bool) results.Request {
	r := results.Request{Seq: seq, Code: crossrank.OK, Finished: 5 * time.Millisecond}
	if late {
		r.Finished = 11 * time.Millisecond
	}
	return r
}

// A slow request is answered after those that were sent later. The test waits for it.
func TestSLOTestWaitsForTheSlow(t *testing.T) {
	j := newSLOTest(99, 2010, 0, 10)
	for i := 1; i < 661; i++ {
		if err := j.record(answered(i, false)); err != nil {
			t.Fatalf("ended after %d answers, with the first request still under way", i)
		}
	}
	if err := j.record(answered(0, true)); err != nil || j.objectives[0].verdict != undecided {
		t.Fatalf("with one late of 661: verdict %d, want none yet", j.objectives[0].verdict)
	}
	if err := j.record(answered(661, false)); err != load.ErrEnough || j.objectives[0].verdict != passed {
		t.Errorf("with one late of 662: verdict %d, want that it passed", j.objectives[0].verdict)
	}
}

// One probe serves several bounds: it ends when all are decided, and a verdict stays.
func TestSLOTestOfSeveralBounds(t *testing.T) {
	j := newSLOTest(99, 459, 0, 10, 20)
	var ends []string
	for i := range 459 {
		err := j.record(answered(i, i == 7))
		if i == 7 && j.objectives[0].verdict != failed {
			t.Error("10 ms are not kept by 459 of which one took 11, but that was not seen at once")
		}
		if err != nil {
			ends = append(ends, fmt.Sprint(i, j.objectives[0].verdict, j.objectives[1].verdict))
		}
	}
	if want := fmt.Sprint(458, failed, passed); len(ends) != 1 || ends[0] != want {
		t.Errorf("ended at %v, want once, at %s", ends, want)
	}
}
