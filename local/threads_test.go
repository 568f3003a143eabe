package local

import (
	"fmt"
	"strings"
	"testing"

	"github.com/crossrank/crossrank/internal/cpu"
	"github.com/crossrank/crossrank/internal/tinymodel"
	"github.com/crossrank/crossrank/internal/topology"
)

// TestOpenCountsThreads holds that absurdly many threads are refused before anything is read, and
// that a model with more threads than cores says so.
func TestOpenCountsThreads(t *testing.T) {
	cores := topology.Here().Processors
	for name, opts := range map[string]Options{
		"of one instance": {Threads: 100_000},
		"of several":      {Instances: []Instance{{Threads: 64 * cores}, {Threads: 65 * cores}}},
		"beyond an int":   {Instances: []Instance{{Threads: 1 << 62}, {Threads: 1 << 62}}},
	} {
		if _, err := Open("no such model", opts); err == nil || !strings.Contains(err.Error(), "exceed the maximum") {
			t.Errorf("%s: got error %v, want too many threads", name, err)
		}
	}
	dir := t.TempDir()
	if err := tinymodel.Write(dir); err != nil {
		t.Fatal(err)
	}
	for threads, warnings := range map[int]int{1: 0, cores: 0, cores + 1: 1} {
		m, err := Open(dir, Options{Threads: threads})
		if err != nil {
			t.Fatal(err)
		}
		if got := m.Warnings(); len(got) != warnings {
			t.Errorf("%d threads on %d cores: got warnings %q, want %d", threads, cores, got, warnings)
		}
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestSlowPrecisionIsAWarning: bf16-dot computes on every processor, and says where that is slow.
func TestSlowPrecisionIsAWarning(t *testing.T) {
	dir := t.TempDir()
	if err := tinymodel.Write(dir); err != nil {
		t.Fatal(err)
	}
	t.Setenv(cpu.Variable, string(cpu.Generic))
	for precision, want := range map[string]string{
		"bf16": "", "bf16-dot": "quantization bf16-dot: the instruction tier generic has no products of bfloat16",
	} {
		m, err := Open(dir, Options{Threads: 1, Quantization: precision})
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(m.Warnings(), "; "); !strings.HasPrefix(got, want) || want == "" && got != "" {
			t.Errorf("%s: got warnings %q, want %q", precision, got, want)
		}
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestGroups shows the cores of each instance on a machine with two clusters of eight.
func TestGroups(t *testing.T) {
	here := topology.Topology{Processors: 16, Clusters: []topology.Cluster{
		{CPUs: []int{0, 1, 2, 3, 4, 5, 6, 7}}, {Node: 1, CPUs: []int{8, 9, 10, 11, 12, 13, 14, 15}},
	}}
	for _, c := range []struct {
		name string
		opts Options
		want string
	}{
		{"nothing asked for", Options{}, "8 on [0 1 2 3 4 5 6 7], 8 on [8 9 10 11 12 13 14 15]"},
		{"threads", Options{Threads: 16}, "16 on []"},
		{"an instance", Options{Instances: make([]Instance, 1)}, "16 on []"},
		{"instances", Options{Instances: make([]Instance, 3)}, "5 on [], 5 on [], 5 on []"},
		{"instances and threads", Options{Threads: 2, Instances: []Instance{{}, {Threads: 3}}}, "2 on [], 3 on []"},
		{"more instances than cores", Options{Instances: make([]Instance, 17)}, strings.Repeat("1 on [], ", 16) + "1 on []"},
	} {
		var parts []string
		for _, g := range c.opts.groups(here) {
			parts = append(parts, fmt.Sprintf("%d on %v", g.Threads, g.CPUs))
		}
		if got := strings.Join(parts, ", "); got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
}
