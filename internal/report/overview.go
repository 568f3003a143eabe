package report

import (
	"bytes"
	"fmt"
	"slices"
)

// Overview sums up the experiments of a folder on one page: the winner of each, and what its figures teach. Every
// number and every sentence comes from the reports.
func Overview(reports []*Report) []byte {
	p := &printer{}
	p.para("# Summary of the experiments")
	p.para("Made of results files alone. Where an experiment repeats, a winner is the best of its repeats.")
	p.header("Experiment", "Configs", "Best throughput", "With", "Best latency", "With", "Worst throughput", "Best over worst", "Complete")
	for _, r := range reports {
		worst := unmeasured
		for _, c := range r.Configs {
			if v := c.PairsPerSecond; v.Measured() && c.Search == "" && !(v >= worst) {
				worst = v
			}
		}
		best, swift := r.winner(func(a, b *Config) bool { return a.PairsPerSecond > b.PairsPerSecond }),
			r.winner(func(a, b *Config) bool { return a.Latency.Average < b.Latency.Average })
		cells := []string{text(r.Run.Name), fmt.Sprint(len(r.Configs))}
		if best == nil {
			cells = append(cells, notMeasured, notMeasured, notMeasured, notMeasured, notMeasured, notMeasured)
		} else {
			cells = append(cells, best.PairsPerSecond.format("%.1f pairs/s"), best.name("conc"), swift.Latency.Average.format("%.1f ms"), swift.name("conc"),
				worst.format("%.1f pairs/s"), (best.PairsPerSecond / worst).format("%.2f×"))
		}
		p.row(append(cells, either(len(r.Partial) == 0, "yes", "**no**"))...)
	}
	p.line("")
	p.para("## What was learnt")
	for _, r := range reports {
		for _, lesson := range r.lessons() {
			p.line("- **%s**: %s", text(r.Run.Name), lesson)
		}
	}
	p.line("")
	p.para("Differences between configurations of one run are not tested for significance; `crossrank compare` does that for repeats.")
	return append(bytes.TrimRight(p.Bytes(), "\n"), '\n')
}

// winner is the best configuration that was measured, probes of searches left out; nil if there is none.
func (r *Report) winner(better func(a, b *Config) bool) *Config {
	var best *Config
	for i := range r.Configs {
		c := &r.Configs[i]
		if c.Search == "" && c.PairsPerSecond.Measured() && c.Latency.Average.Measured() && (best == nil || better(c, best)) {
			best = c
		}
	}
	return best
}

// lessons tell, for every axis of an experiment, which of its values did best on average over all others.
func (r *Report) lessons() []string {
	var lessons []string
	axes := []axisOf{
		{"batch size", func(c *Config) string { return fmt.Sprint(c.Batch) }},
		{"concurrency", func(c *Config) string { return fmt.Sprint(c.Concurrency) }},
	}
	if len(r.Configs) > 0 {
		for i, s := range r.Configs[0].Set {
			axes = append(axes, axisOf{s.Short(), func(c *Config) string {
				if i < len(c.Set) {
					return c.Set[i].Value
				}
				return ""
			}})
		}
	}
	for _, a := range axes {
		if lesson := r.lesson(a); lesson != "" {
			lessons = append(lessons, lesson)
		}
	}
	for _, f := range r.Found {
		lessons = append(lessons, fmt.Sprintf("P%g ≤ %g ms was kept up to %.2f requests/s of %d pairs, and not at %.2f.",
			f.Percentile, f.LatencyMS, f.Passing, f.Batch, f.Failing))
	}
	return lessons
}

// axisOf is something that an experiment varies.
type axisOf struct {
	name  string
	value func(*Config) string
}

func (r *Report) lesson(a axisOf) string {
	type sum struct {
		value string
		total float64
		n     int
	}
	var sums []sum
	for i := range r.Configs {
		c := &r.Configs[i]
		if c.Search != "" || !c.PairsPerSecond.Measured() {
			continue
		}
		k := slices.IndexFunc(sums, func(s sum) bool { return s.value == a.value(c) })
		if k < 0 {
			k, sums = len(sums), append(sums, sum{value: a.value(c)})
		}
		sums[k].total += float64(c.PairsPerSecond)
		sums[k].n++
	}
	if len(sums) < 2 {
		return ""
	}
	mean := func(s sum) float64 { return s.total / float64(s.n) }
	slices.SortStableFunc(sums, func(a, b sum) int {
		switch {
		case mean(a) > mean(b):
			return -1
		case mean(a) < mean(b):
			return 1
		}
		return 0
	})
	best, worst := sums[0], sums[len(sums)-1]
	return fmt.Sprintf("of %s, %s did best with %.1f pairs/s in the mean, %s worst with %.1f (%.2f×).",
		text(a.name), text(best.value), mean(best), text(worst.value), mean(worst), mean(best)/mean(worst))
}
