package native

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/crossrank/crossrank/internal/network/sample"
)

// TestWorkersAreBound: workers run where they are bound to, compute the same there, and leave no
// thread bound behind them.
func TestWorkersAreBound(t *testing.T) {
	var all unix.CPUSet
	if err := unix.SchedGetaffinity(0, &all); err != nil {
		t.Fatal(err)
	}
	if all.Count() < 2 {
		t.Skip("there is one processor, to which all threads are bound")
	}
	last := 0
	for cpu := range 1024 {
		if all.IsSet(cpu) {
			last = cpu
		}
	}
	seqs := sample.Sequences(1, small(), 80, 3, 120, 41)
	want := logits(t, open(t, 1), seqs)
	e := start(t, small(), Options{Threads: 2, CPUs: []int{last}})
	for i, got := range logits(t, e, seqs) {
		if got != want[i] {
			t.Errorf("logit %d: %g where bound, %g elsewhere", i, got, want[i])
		}
	}
	if n := threadsBoundTo(t, last); n != 2 {
		t.Errorf("%d threads are bound, want those of 2 workers", n)
	}
	e.Close()
	for wait := time.Now(); threadsBoundTo(t, last) > 0; time.Sleep(time.Millisecond) {
		if time.Since(wait) > time.Minute {
			t.Fatal("a minute after the engine was closed, a thread is still bound")
		}
	}
}

// threadsBoundTo counts the threads of this process that may run on one processor alone.
func threadsBoundTo(t *testing.T, cpu int) int {
	names, err := filepath.Glob("/proc/self/task/*/status")
	if err != nil || len(names) == 0 {
		t.Fatalf("found %d threads, error %v", len(names), err)
	}
	n := 0
	for _, name := range names {
		status, _ := os.ReadFile(name) // a thread may end meanwhile
		if strings.Contains(string(status), fmt.Sprintf("Cpus_allowed_list:\t%d\n", cpu)) {
			n++
		}
	}
	return n
}

// TestBindingThatFails: a processor that does not exist binds nothing, and the engine computes.
func TestBindingThatFails(t *testing.T) {
	seqs := sample.Sequences(1, small(), 9)
	want := logits(t, open(t, 1), seqs)
	if got := logits(t, start(t, small(), Options{Threads: 2, CPUs: []int{1000}}), seqs); got[0] != want[0] {
		t.Errorf("got %g, want %g", got[0], want[0])
	}
}
