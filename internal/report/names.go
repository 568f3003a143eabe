package report

import (
	"cmp"
	"slices"
	"strings"
)

// same is the repeats of one configuration.
type same struct {
	name    string
	configs []*Config
}

// of gives the median of a figure over the repeats.
func (s *same) of(figure func(*Config) Value) float64 {
	var xs []float64
	for _, c := range s.configs {
		if v := figure(c); v.Measured() {
			xs = append(xs, float64(v))
		}
	}
	return median(xs)
}

func throughput(c *Config) Value { return c.PairsPerSecond }

// merged gives the configurations that were measured for their own sake, repeats together.
func (r *Report) merged() []*same {
	var all []*same
	for i := range r.Configs {
		c := &r.Configs[i]
		if c.Search != "" || !c.PairsPerSecond.Measured() {
			continue
		}
		one := *c
		one.Repeat = 0
		name := plain(one.name("conc"))
		k := slices.IndexFunc(all, func(s *same) bool { return s.name == name })
		if k < 0 {
			k, all = len(all), append(all, &same{name: name})
		}
		all[k].configs = append(all[k].configs, c)
	}
	return all
}

// labels shortens names by what is common to all of them, and gives that, too, ready to be put behind a title.
func labels(names []string) (short []string, common string) {
	if len(names) < 2 {
		return names, ""
	}
	in := map[string]int{}
	for _, name := range names {
		for part := range strings.SplitSeq(name, ", ") {
			in[part]++
		}
	}
	var shared []string
	for part := range strings.SplitSeq(names[0], ", ") {
		if in[part] == len(names) {
			shared = append(shared, part)
		}
	}
	for _, name := range names {
		parts := slices.DeleteFunc(strings.Split(name, ", "), func(part string) bool { return slices.Contains(shared, part) })
		short = append(short, cmp.Or(strings.Join(parts, ", "), name))
	}
	if len(shared) > 0 {
		common = " (" + strings.Join(shared, ", ") + ")"
	}
	return short, common
}

// relabel shortens the names of lines.
func (c *Chart) relabel() {
	var names []string
	for _, s := range c.Series {
		names = append(names, s.Name)
	}
	short, common := labels(names)
	for i := range short {
		c.Series[i].Name = short[i]
	}
	c.Title += common
}

// plain takes the marks of Markdown out of a name.
func plain(s string) string { return strings.ReplaceAll(s, `\`, "") }
