package report

import (
	"fmt"
	"math"
	"slices"

	"github.com/crossrank/crossrank/internal/stats"
)

// axis is something that an experiment varies: a swept setting, or one of the two that every experiment has.
type axis struct {
	name  string
	value func(*Config) string
}

var (
	batchAxis       = axis{"batch size", func(c *Config) string { return fmt.Sprint(c.Batch) }}
	concurrencyAxis = axis{"concurrency", func(c *Config) string { return fmt.Sprint(c.Concurrency) }}
)

// axes lists what an experiment varies, with the values in the order of the results.
func (r *Report) axes() []axis {
	all := []axis{batchAxis, concurrencyAxis}
	if len(r.Configs) > 0 {
		for i, s := range r.Configs[0].Set {
			all = append(all, axis{s.Key, func(c *Config) string {
				if i < len(c.Set) {
					return c.Set[i].Value
				}
				return ""
			}})
		}
	}
	return slices.DeleteFunc(all, func(a axis) bool { return len(r.values(a)) < 2 })
}

// axis finds the swept setting whose key ends like this.
func (r *Report) axis(short string) (axis, bool) {
	all := r.axes()
	i := slices.IndexFunc(all, func(a axis) bool { return shortKey(a.name) == short })
	if i < 0 {
		return axis{}, false
	}
	return all[i], true
}

// values lists those of an axis that were measured.
func (r *Report) values(a axis) []string {
	var values []string
	for i := range r.Configs {
		if c := &r.Configs[i]; c.counts() && !slices.Contains(values, a.value(c)) {
			values = append(values, a.value(c))
		}
	}
	return values
}

// effect is how one value of an axis does against another, over all configurations that are the same besides.
type effect struct {
	Ratio     float64 // of the throughputs: the geometric mean
	Low, High float64 // the least and the greatest
	N         int     // configurations that have both
	P95       float64 // ratio of the P95 latencies, where every configuration carries one; else not a number
}

// effect sets value against base. Repeats of a configuration count as their median.
func (r *Report) effect(a axis, value, base string, where ...func(*Config) bool) effect {
	return r.effectOf(a, value, base, []axis{a}, where...)
}

// effectOf is effect for an axis that stands for several of the experiment's.
func (r *Report) effectOf(a axis, value, base string, of []axis, where ...func(*Config) bool) effect {
	type cell struct{ base, value, baseP95, valueP95 []float64 }
	cells := map[string]*cell{}
	var order []string
	for i := range r.Configs {
		c := &r.Configs[i]
		v := a.value(c)
		if !c.counts() || v != value && v != base || slices.ContainsFunc(where, func(f func(*Config) bool) bool { return !f(c) }) {
			continue
		}
		key := r.besides(of, c)
		if cells[key] == nil {
			cells[key], order = &cell{}, append(order, key)
		}
		to, p95 := &cells[key].value, &cells[key].valueP95
		if v == base {
			to, p95 = &cells[key].base, &cells[key].baseP95
		}
		*to = append(*to, float64(c.PairsPerSecond))
		*p95 = append(*p95, float64(c.Latency.carried(95, c.Latency.P95)))
	}
	e := effect{Low: math.Inf(1), High: math.Inf(-1)}
	var ratios, tails []float64
	for _, key := range order {
		c := cells[key]
		if len(c.base) == 0 || len(c.value) == 0 {
			continue
		}
		ratio := median(c.value) / median(c.base)
		ratios = append(ratios, ratio)
		tails = append(tails, median(c.valueP95)/median(c.baseP95))
		e.Low, e.High, e.N = min(e.Low, ratio), max(e.High, ratio), e.N+1
	}
	e.Ratio, e.P95 = stats.Geomean(ratios), stats.Geomean(tails)
	return e
}

// besides names all that a configuration has but its values of some axes.
func (r *Report) besides(axes []axis, c *Config) string {
	key := ""
	for _, other := range r.axes() {
		if !slices.ContainsFunc(axes, func(a axis) bool { return a.name == other.name }) {
			key += other.name + "=" + other.value(c) + "\n"
		}
	}
	return key
}

func median(xs []float64) float64 { return stats.Sort(xs).Percentile(50) }

// different tells whether the mean is beyond what chance does to that many configurations.
func (e effect) different(chance noise) bool {
	return math.Abs(math.Log(e.Ratio)) > math.Log1p(chance.told(e.N))
}

// words gives the ratio, or that there is no difference.
func (e effect) words(chance noise) string {
	if e.N == 0 {
		return notMeasured
	}
	span := ""
	if e.N > 1 {
		span = fmt.Sprintf(" (%.2f× to %.2f× over %d configurations)", e.Low, e.High, e.N)
	}
	if !e.different(chance) {
		return fmt.Sprintf("no difference beyond %.1f %%%s", 100*chance.told(e.N), span)
	}
	return fmt.Sprintf("**%.2f×** the pairs/s%s", e.Ratio, span)
}
