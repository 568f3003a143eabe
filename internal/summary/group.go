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
	return GroupsOf([]*Summary{s}, (*Configuration).ShortName, func(c *Configuration) bool {
		return c.Search == "" && c.PairsPerSecond.Measured()
	})
}

// GroupsOf puts the repeats of every configuration that counts together, over all summaries, in the
// order of the results. Repeats are what has one name, the number of the repeat left out.
func GroupsOf(all []*Summary, name func(*Configuration) string, counts func(*Configuration) bool) []*Group {
	var groups []*Group
	for _, s := range all {
		for i := range s.Configurations {
			c := &s.Configurations[i]
			if !counts(c) {
				continue
			}
			one := *c
			one.Repeat = 0
			of := name(&one)
			k := slices.IndexFunc(groups, func(g *Group) bool { return g.Name == of })
			if k < 0 {
				k, groups = len(groups), append(groups, &Group{Name: of})
			}
			groups[k].Repeats = append(groups[k].Repeats, c)
		}
	}
	return groups
}
