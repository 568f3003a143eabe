package compare

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/crossrank/crossrank/internal/results"
	"github.com/crossrank/crossrank/internal/stats"
	"github.com/crossrank/crossrank/internal/summary"
)

// axis is something that an experiment varies: a setting, or one of the two that every experiment
// has.
type axis struct {
	name  string
	value func(*configuration) string
}

var (
	batchAxis       = axis{"batch size", func(c *configuration) string { return fmt.Sprint(c.Batch) }}
	concurrencyAxis = axis{"concurrency", func(c *configuration) string { return fmt.Sprint(c.Concurrency) }}
)

// axes lists what an experiment varies, with the values in the order of the results.
func (r experiment) axes() []axis {
	all := []axis{batchAxis, concurrencyAxis}
	if len(r.Configurations) > 0 {
		for i, s := range r.Configurations[0].Set {
			all = append(all, axis{s.Key, func(c *configuration) string {
				if i < len(c.Set) {
					return c.Set[i].Value
				}
				return ""
			}})
		}
	}
	return slices.DeleteFunc(all, func(a axis) bool { return len(r.values(a)) < 2 })
}

// axis finds the varied setting whose key ends like this.
func (r experiment) axis(short string) (axis, bool) {
	all := r.axes()
	i := slices.IndexFunc(all, func(a axis) bool { return results.Setting{Key: a.name}.Short() == short })
	if i < 0 {
		return axis{}, false
	}
	return all[i], true
}

// values lists those of an axis that were measured.
func (r experiment) values(a axis) []string {
	var values []string
	for i := range r.Configurations {
		if c := &r.Configurations[i]; c.Counts() && !slices.Contains(values, a.value(c)) {
			values = append(values, a.value(c))
		}
	}
	return values
}

// effect is how one value of an axis does against another, over all configurations that are
// otherwise the same.
type effect struct {
	Ratio     float64 // of the throughputs: the geometric mean
	Low, High float64 // the least and the greatest
	N         int     // configurations that have both
	P95       float64 // ratio of the P95 latencies, where every configuration carries one; else not a number
}

// effect sets value against base. Repeats of a configuration count as their median.
func (r experiment) effect(a axis, value, base string, where ...func(*configuration) bool) effect {
	return r.effectOf(a, value, base, []axis{a}, where...)
}

// effectOf is effect for an axis that stands for several of the experiment's.
func (r experiment) effectOf(a axis, value, base string, of []axis, where ...func(*configuration) bool) effect {
	type cell struct{ base, value, baseP95, valueP95 []float64 }
	cells := map[string]*cell{}
	var order []string
	others := r.otherAxes(of)
	for i := range r.Configurations {
		c := &r.Configurations[i]
		v := a.value(c)
		if !c.Counts() || v != value && v != base || slices.ContainsFunc(where, func(f func(*configuration) bool) bool { return !f(c) }) {
			continue
		}
		key := settingsOn(others, c)
		if cells[key] == nil {
			cells[key], order = &cell{}, append(order, key)
		}
		to, p95 := &cells[key].value, &cells[key].valueP95
		if v == base {
			to, p95 = &cells[key].base, &cells[key].baseP95
		}
		*to = append(*to, float64(c.PairsPerSecond))
		*p95 = append(*p95, float64(c.Latency.Carried(95, c.Latency.P95)))
	}
	e := effect{Low: math.Inf(1), High: math.Inf(-1)}
	var ratios, tails []float64
	for _, key := range order {
		c := cells[key]
		if len(c.base) == 0 || len(c.value) == 0 {
			continue
		}
		ratio := stats.Median(c.value) / stats.Median(c.base)
		ratios = append(ratios, ratio)
		tails = append(tails, stats.Median(c.valueP95)/stats.Median(c.baseP95))
		e.Low, e.High, e.N = min(e.Low, ratio), max(e.High, ratio), e.N+1
	}
	e.Ratio, e.P95 = stats.Geomean(ratios), stats.Geomean(tails)
	return e
}

// otherAxes lists all axes but some.
func (r experiment) otherAxes(but []axis) []axis {
	return slices.DeleteFunc(r.axes(), func(a axis) bool {
		return slices.ContainsFunc(but, func(b axis) bool { return b.name == a.name })
	})
}

// settingsOn names the values of a configuration on some axes.
func settingsOn(axes []axis, c *configuration) string {
	var key strings.Builder
	for _, a := range axes {
		key.WriteString(a.name + "=" + a.value(c) + "\n")
	}
	return key.String()
}

// different reports whether the ratio is beyond the noise of that many configurations.
func (e effect) different(chance Noise) bool {
	return math.Abs(math.Log(e.Ratio)) > math.Log1p(chance.minDetectable(e.N))
}

// words gives the ratio, or that there is no difference.
func (e effect) words(chance Noise) string {
	if e.N == 0 {
		return summary.NotMeasured
	}
	span := ""
	if e.N > 1 {
		span = fmt.Sprintf(" (%.2f× to %.2f× over %d configurations)", e.Low, e.High, e.N)
	}
	if !e.different(chance) {
		return fmt.Sprintf("no difference beyond %.1f %%%s", 100*chance.minDetectable(e.N), span)
	}
	return fmt.Sprintf("**%.2f×** the pairs/s%s", e.Ratio, span)
}
