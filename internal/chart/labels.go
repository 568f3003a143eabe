package chart

import (
	"cmp"
	"slices"
	"strings"
)

// Add puts a point on the line of that name, which it begins if there is none.
func (c *Chart) Add(name string, x, y float64) {
	k := slices.IndexFunc(c.Series, func(s Series) bool { return s.Name == name })
	if k < 0 {
		k = len(c.Series)
		c.Series = append(c.Series, Series{Name: name})
	}
	c.Series[k].X, c.Series[k].Y = append(c.Series[k].X, x), append(c.Series[k].Y, y)
}

// ShortenNames moves the parts that all names share into the title. Names are those of the bars, or
// of the lines where there are no bars; a comma and a space separate their parts.
func (c *Chart) ShortenNames() {
	if len(c.Names) > 0 {
		var common string
		c.Names, common = shortNames(c.Names)
		c.Title += common
		return
	}
	var names []string
	for _, s := range c.Series {
		names = append(names, s.Name)
	}
	short, common := shortNames(names)
	for i := range short {
		c.Series[i].Name = short[i]
	}
	c.Title += common
}

// shortNames gives names without what is common to all of them, and that in brackets.
func shortNames(names []string) (short []string, common string) {
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
