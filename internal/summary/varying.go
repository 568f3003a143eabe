package summary

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/crossrank/crossrank/internal/results"
)

// Column distinguishes the configurations of a measurement, in addition to the batch size and the
// concurrency.
type Column struct {
	Name string
	Of   func(*Configuration) string
}

// ConcurrencyText is the number of workers of a closed loop. An open loop has no concurrency: its
// load is a rate.
func (c *Configuration) ConcurrencyText() string {
	if c.Arrival != "" {
		return NotMeasured
	}
	return c.load().Workers()
}

// RateText is the requests per second of an open loop.
func (c *Configuration) RateText() string {
	if c.Arrival == "" {
		return NotMeasured
	}
	return c.load().Rates()
}

// Columns gives a column for whatever varies from one configuration to another: first the rates of
// open loops, then the settings, then the rest. Where two configurations are still alike in all of
// them, the last column is their number.
func (s *Summary) Columns() []Column {
	candidates := []Column{
		{"Rate", (*Configuration).RateText},
		{"Arrival", func(c *Configuration) string { return cmp.Or(c.Arrival, "closed loop") }},
	}
	candidates = append(candidates, s.settings()...)
	candidates = append(candidates,
		Column{"Mix", func(c *Configuration) string { return cmp.Or(c.Mix, "none") }},
		Column{"Search", func(c *Configuration) string { return cmp.Or(c.Search, "none") }},
		Column{"Attempt", func(c *Configuration) string { return fmt.Sprint(c.Attempt + 1) }},
		Column{"Repeat", func(c *Configuration) string { return fmt.Sprint(c.Repeat + 1) }})
	var columns []Column
	for i, column := range candidates {
		isRate := i == 0 && slices.ContainsFunc(s.Configurations, func(c Configuration) bool { return c.Arrival != "" })
		if isRate || s.varies(column) {
			columns = append(columns, column)
		}
	}
	if s.sameColumns(columns) {
		columns = append(columns, Column{"Config", s.number})
	}
	return columns
}

// settings gives a column for every setting, by the last part of its key unless several keys end
// alike.
func (s *Summary) settings() []Column {
	var keys []string
	ends := map[string]int{}
	for i := range s.Configurations {
		for _, set := range s.Configurations[i].Set {
			if set.Key != rateKey && !slices.Contains(keys, set.Key) { // rates have their column
				keys = append(keys, set.Key)
				ends[set.Short()]++
			}
		}
	}
	var columns []Column
	for _, key := range keys {
		name := results.Setting{Key: key}.Short()
		if ends[name] > 1 {
			name = key
		}
		columns = append(columns, Column{name, func(c *Configuration) string {
			if i := slices.IndexFunc(c.Set, func(set results.Setting) bool { return set.Key == key }); i >= 0 {
				return c.Set[i].Value
			}
			return NotMeasured
		}})
	}
	return columns
}

func (s *Summary) varies(column Column) bool {
	for i := range s.Configurations {
		if column.Of(&s.Configurations[i]) != column.Of(&s.Configurations[0]) {
			return true
		}
	}
	return false
}

// sameColumns reports whether the columns do not distinguish two configurations.
func (s *Summary) sameColumns(columns []Column) bool {
	seen := map[string]bool{}
	for i := range s.Configurations {
		c := &s.Configurations[i]
		parts := []string{fmt.Sprint(c.Batch), c.ConcurrencyText()}
		for _, column := range columns {
			parts = append(parts, column.Of(c))
		}
		row := strings.Join(parts, "\x00")
		if seen[row] {
			return true
		}
		seen[row] = true
	}
	return false
}

// Names gives the names of all configurations, such as their [Configuration.ShortName]. A name that
// several have is followed by the number of the configuration.
func (s *Summary) Names(name func(*Configuration) string) []string {
	var names []string
	count := map[string]int{}
	for i := range s.Configurations {
		n := name(&s.Configurations[i])
		names = append(names, n)
		count[n]++
	}
	for i, n := range names {
		if count[n] > 1 {
			names[i] = fmt.Sprintf("%s, config %d", n, i+1)
		}
	}
	return names
}

// number is the place of a configuration in the measurement, from 1.
func (s *Summary) number(c *Configuration) string {
	for i := range s.Configurations {
		if &s.Configurations[i] == c {
			return fmt.Sprint(i + 1)
		}
	}
	return NotMeasured
}
