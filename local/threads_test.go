package local

import (
	"runtime"
	"strings"
	"testing"

	"github.com/crossrank/crossrank/internal/tinymodel"
)

func TestCheckThreads(t *testing.T) {
	for _, c := range []struct {
		threads       int
		warning, fail string // what they hold; "" means that there is none
	}{
		{1, "", ""},
		{4, "", ""},
		{5, "5 over all instances share 4 cores and slow each other down; use 4", ""},
		{512, "512 over all", ""},
		{513, "", "513 over all instances exceed the maximum of 512 for 4 cores; use 4"},
	} {
		warning, err := CheckThreads(c.threads, 4)
		if (warning == "") != (c.warning == "") || !strings.Contains(warning, c.warning) {
			t.Errorf("%d threads: got warning %q, want %q", c.threads, warning, c.warning)
		}
		if (err == nil) != (c.fail == "") || err != nil && !strings.Contains(err.Error(), c.fail) {
			t.Errorf("%d threads: got error %v, want %q", c.threads, err, c.fail)
		}
	}
}

// TestOpenCountsThreads holds that absurdly many threads are refused before anything is read, and
// that a model with more threads than cores says so.
func TestOpenCountsThreads(t *testing.T) {
	cores := runtime.GOMAXPROCS(0)
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
