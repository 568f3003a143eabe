package summary

import (
	"slices"
	"testing"

	"github.com/crossrank/crossrank/internal/results"
)

func TestColumns(t *testing.T) {
	set := func(values ...string) []results.Setting {
		var all []results.Setting
		for i := 0; i < len(values); i += 2 {
			all = append(all, results.Setting{Key: values[i], Value: values[i+1]})
		}
		return all
	}
	for _, c := range []struct {
		what  string
		all   []Configuration
		names []string
		last  []string // cells of the last configuration
	}{
		{"nothing measured", nil, nil, nil},
		{"one configuration", []Configuration{{Batch: 1, Set: set("a.threads", "2")}}, nil, nil},
		{"batch sizes alone", []Configuration{{Batch: 1}, {Batch: 2}}, nil, nil},
		{"a setting that varies and one that does not",
			[]Configuration{{Set: set("a.threads", "1", "b.mode", "full")}, {Set: set("a.threads", "2", "b.mode", "full")}}, []string{"threads"}, []string{"2"}},
		{"two keys that end alike",
			[]Configuration{{Set: set("a.threads", "1", "b.threads", "1")}, {Set: set("a.threads", "2", "b.threads", "2")}},
			[]string{"a.threads", "b.threads"}, []string{"2", "2"}},
		{"a setting that one lacks", []Configuration{{Set: set("a.threads", "1")}, {}}, []string{"threads"}, []string{"n/a"}},
		{"one open loop", []Configuration{{Arrival: "poisson", Rate: 2.5}}, []string{"Rate"}, []string{"2.5/s"}},
		{"a search", []Configuration{{Concurrency: 4, Search: "capacity"}, {Arrival: "poisson", Rate: 18.0234, Search: "probe"}},
			[]string{"Rate", "Arrival", "Search"}, []string{"18.02/s", "poisson", "probe"}},
		{"repeats", []Configuration{{Repeat: 0}, {Repeat: 1}}, []string{"Repeat"}, []string{"2"}},
		{"mixes", []Configuration{{Mix: "small"}, {}}, []string{"Mix"}, []string{"none"}},
		{"twins", []Configuration{{Batch: 4}, {Batch: 8}, {Batch: 4}}, []string{"Config"}, []string{"3"}},
	} {
		s := &Summary{Configurations: c.all}
		var names, last []string
		for _, column := range s.Columns() {
			names = append(names, column.Name)
			last = append(last, column.Of(&s.Configurations[len(c.all)-1]))
		}
		if !slices.Equal(names, c.names) || !slices.Equal(last, c.last) {
			t.Errorf("%s: the columns are %q with %q, want %q with %q", c.what, names, last, c.names, c.last)
		}
	}
}

func TestNamesOfConfigurations(t *testing.T) {
	s := &Summary{Configurations: []Configuration{{Batch: 4, Concurrency: 1}, {Batch: 8, Concurrency: 1}, {Batch: 4, Concurrency: 1}}}
	want := []string{"batch=4, conc=1, config 1", "batch=8, conc=1", "batch=4, conc=1, config 3"}
	if got := s.Names((*Configuration).ShortName); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := (&Summary{}).Names((*Configuration).Name); got != nil {
		t.Errorf("of none: %q", got)
	}
}
