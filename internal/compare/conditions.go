package compare

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/crossrank/crossrank/internal/results"
	"github.com/crossrank/crossrank/internal/summary"
)

// conditions are what should be the same for measurements that are compared.
var conditions = []struct {
	name string
	of   func(*results.Run) string
}{
	{"weights", func(r *results.Run) string { return r.Model.Weights }},
	{"data", func(r *results.Run) string { return r.Data.Name + " " + r.Data.Hash }},
	{"machine", func(r *results.Run) string { return fmt.Sprintf("%s, %d cores", r.Machine.CPU, r.Machine.Cores) }},
	{"quantization", func(r *results.Run) string { return r.Model.Quantization }},
	{"instruction tier", func(r *results.Run) string { return r.Model.Tier }},
	{"version of crossrank", func(r *results.Run) string { return r.Version }},
}

// Differing names the conditions that are not the same for all runs, except those named.
func Differing(runs []*results.Run, except ...string) []string {
	var names []string
	for _, c := range conditions {
		if !slices.Contains(except, c.name) && len(distinct(runs, c.of)) > 1 {
			names = append(names, c.name)
		}
	}
	return names
}

// distinct gives the values of runs, each once.
func distinct(runs []*results.Run, of func(*results.Run) string) []string {
	var values []string
	for _, r := range runs {
		if v := cmp.Or(strings.TrimSpace(of(r)), summary.NotMeasured); !slices.Contains(values, v) {
			values = append(values, v)
		}
	}
	return values
}

func runsOf(files []*results.Results) []*results.Run {
	var runs []*results.Run
	for _, res := range files {
		runs = append(runs, &res.Run)
	}
	return runs
}

// incomparable lists what makes the sides hard to compare: conditions that differ, and the order of
// the measurements.
func incomparable(a, b []*results.Results) []string {
	var why []string
	for _, c := range conditions {
		x, y := strings.Join(distinct(runsOf(a), c.of), "; "), strings.Join(distinct(runsOf(b), c.of), "; ")
		if x != y {
			why = append(why, fmt.Sprintf("the %s differs: A has %s, B %s", c.name, x, y))
		}
	}
	if measuredBefore(a, b) || measuredBefore(b, a) {
		why = append(why, "one side was measured entirely before the other, so a drift of the machine counts as a difference; interleave them (A B B A)")
	}
	return why
}

// measuredBefore reports whether every configuration of a began before any of b did.
func measuredBefore(a, b []*results.Results) bool {
	_, lastA := beginnings(a)
	firstB, _ := beginnings(b)
	return !lastA.IsZero() && !firstB.IsZero() && lastA.Before(firstB)
}

// beginnings gives when the first and the last configuration began.
func beginnings(files []*results.Results) (first, last time.Time) {
	for _, res := range files {
		for _, m := range res.Configurations {
			if m.End == nil || m.End.Began.IsZero() {
				continue
			}
			if first.IsZero() || m.End.Began.Before(first) {
				first = m.End.Began
			}
			if m.End.Began.After(last) {
				last = m.End.Began
			}
		}
	}
	return first, last
}

// disturbed notes where a side lacked CPU time, which makes it slower than it is.
func disturbed(side string, summaries []*summary.Summary) []string {
	n, of := 0, 0
	for _, s := range summaries {
		n, of = n+summary.Disturbed(s), of+len(s.Configurations)
	}
	if n == 0 {
		return nil
	}
	return []string{fmt.Sprintf("CPU time was stolen or throttled in %d of %d configurations of %s; its report says how much", n, of, side)}
}
