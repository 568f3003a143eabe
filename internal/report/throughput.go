package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// bars shows the throughput of every configuration, with the reach of its repeats.
func (r *Report) bars() Chart {
	c := Chart{File: "throughput", Title: "Throughput of every configuration", X: "pairs/s"}
	all := r.merged()
	if len(all) < 2 {
		return c
	}
	c.Note = leftOut(len(all), maxBars, "configurations")
	s := Series{Name: "pairs/s"}
	for _, one := range all[:min(len(all), maxBars)] {
		var xs []float64
		for _, config := range one.configs {
			xs = append(xs, float64(config.PairsPerSecond))
		}
		c.Names = append(c.Names, one.name)
		s.Y, s.Low, s.High = append(s.Y, median(xs)), append(s.Low, slices.Min(xs)), append(s.High, slices.Max(xs))
	}
	c.Series = []Series{s}
	short, common := labels(c.Names)
	c.Names, c.Title = short, c.Title+common
	return c
}

func leftOut(n, shown int, what string) string {
	if n <= shown {
		return ""
	}
	return fmt.Sprintf("The first %d of %d %s.", shown, n, what)
}

// along shows the throughput along one of the two axes that every experiment has, a line for each value of all others. Where
// those are too many, there is a chart for every value of the other axis.
func (r *Report) along(x, other axis, file, title, name string) []Chart {
	whole := Chart{File: file, Title: title, X: name, Y: "pairs/s"}
	byOther := map[string]*Chart{}
	var parts []*Chart
	seen := map[string]bool{}
	for _, one := range r.merged() {
		c := one.configs[0]
		if c.Arrival != "" {
			continue
		}
		seen[x.value(c)] = true
		at := float64(c.Batch)
		if x.name == concurrencyAxis.name {
			at = float64(c.Concurrency)
		}
		y := one.of(throughput)
		rest := strings.TrimPrefix(plain(c.set()), ", ")
		whole.add(strings.TrimSuffix(other.name+" "+other.value(c)+", "+rest, ", "), at, y)
		part := byOther[other.value(c)]
		if part == nil {
			part = &Chart{File: file + "_" + other.value(c), Title: title + " at " + other.name + " " + other.value(c), X: name, Y: "pairs/s"}
			byOther[other.value(c)], parts = part, append(parts, part)
		}
		part.add(cmp.Or(rest, "pairs/s"), at, y)
	}
	switch {
	case len(seen) < 2:
		return nil
	case len(whole.Series) <= maxLines || len(parts) < 2:
		whole.cut()
		return []Chart{whole}
	}
	var all []Chart
	for _, part := range parts {
		part.cut()
		all = append(all, *part)
	}
	return all
}

// add puts a point on the line of that name.
func (c *Chart) add(name string, x, y float64) {
	k := slices.IndexFunc(c.Series, func(s Series) bool { return s.Name == name })
	if k < 0 {
		k = len(c.Series)
		c.Series = append(c.Series, Series{Name: name})
	}
	c.Series[k].X, c.Series[k].Y = append(c.Series[k].X, x), append(c.Series[k].Y, y)
}

// cut leaves out lines that are too many.
func (c *Chart) cut() {
	c.Note = leftOut(len(c.Series), maxLines, "lines")
	c.Series = c.Series[:min(len(c.Series), maxLines)]
	c.relabel()
}
