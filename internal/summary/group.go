package summary

import (
	"slices"

	"github.com/crossrank/crossrank/internal/stats"
)

// Group is the repeats of one configuration.
type Group struct {
	Name    string
	Repeats []*Configuration
}

// Median is that of a figure over the repeats.
func (g *Group) Median(figure func(*Configuration) Value) float64 {
	return stats.Median(g.Values(figure))
}

// Values gives a figure of every repeat that has it.
func (g *Group) Values(figure func(*Configuration) Value) []float64 {
	var xs []float64
	for _, c := range g.Repeats {
		if v := figure(c); v.Measured() {
			xs = append(xs, float64(v))
		}
	}
	return xs
}

// Throughput is the whole system's, as a figure to be grouped.
func Throughput(c *Configuration) Value { return c.PairsPerSecond }

// Groups gives the configurations that were measured for their own sake, repeats together.
func (s *Summary) Groups() []*Group {
	var all []*Group
	for i := range s.Configurations {
		c := &s.Configurations[i]
		if c.Search != "" || !c.PairsPerSecond.Measured() {
			continue
		}
		one := *c
		one.Repeat = 0
		name := one.ShortName()
		k := slices.IndexFunc(all, func(g *Group) bool { return g.Name == name })
		if k < 0 {
			k, all = len(all), append(all, &Group{Name: name})
		}
		all[k].Repeats = append(all[k].Repeats, c)
	}
	return all
}
