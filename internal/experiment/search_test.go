package experiment

import (
	"context"
	"math"
	"testing"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/config"
	"github.com/crossrank/crossrank/internal/load"
	"github.com/crossrank/crossrank/internal/results"
)

func TestSearchFindsTheBorder(t *testing.T) {
	for _, c := range []struct {
		what             string
		border, capacity float64
		once             float64 // rates from here to the border pass only in probes, not when confirmed
	}{
		{"below the capacity", 70, 100, 70},
		{"far below, where the first probe fails", 3, 100, 3},
		{"above a capacity that was underrated", 350, 100, 350},
		{"with rates that pass by luck", 70, 100, 60},
	} {
		probes := 0
		s, err := search(t.Context(), c.capacity, func(_ context.Context, rate float64, confirm bool) (bool, error) {
			probes++
			return rate <= c.once || !confirm && rate <= c.border, nil
		})
		if err != nil || s.passing > c.once || s.passing < c.once*0.93 || s.failing <= s.passing || s.failing > s.passing*1.031 || probes > 40 {
			t.Errorf("%s: found %+v and %v with %d probes, want a passing rate just below %g", c.what, s, err, probes, c.once)
		}
	}
	for _, limit := range []float64{0, math.Inf(1)} {
		s, err := search(t.Context(), 100, func(_ context.Context, rate float64, _ bool) (bool, error) { return rate <= limit, nil })
		if err != nil || s.note == "" {
			t.Errorf("a border at %g: got %+v and %v, want a note that there is none", limit, s, err)
		}
	}
}

// The counts are those of the early-stopping test: 459 requests hold P99 without a late one, 662 with one.
func TestJudgeStopsEarly(t *testing.T) {
	objective := config.Objective{Percentile: 99, LatencyMS: 10}
	for _, c := range []struct {
		what   string
		late   func(i int) bool
		most   int
		stops  int
		passes bool
	}{
		{"none late", func(int) bool { return false }, 2010, 459, true},
		{"the first late", func(i int) bool { return i == 0 }, 2010, 662, true},
		{"the first late, and no room for more requests", func(i int) bool { return i == 0 }, 459, 1, false},
		{"every tenth late", func(i int) bool { return i%10 == 0 }, 5000, 101, false},
	} {
		j := &judge{objective: objective, most: c.most}
		i := 0
		for ; i < c.most; i++ {
			r := results.Request{Code: crossrank.OK, Finished: 5 * time.Millisecond}
			if c.late(i) {
				r.Finished = 11 * time.Millisecond
			}
			if j.record(r) == load.ErrEnough {
				break
			}
		}
		if i+1 != c.stops || j.passes() != c.passes {
			t.Errorf("%s: stopped after %d, passes is %t; want %d, %t", c.what, i+1, j.passes(), c.stops, c.passes)
		}
	}
}
