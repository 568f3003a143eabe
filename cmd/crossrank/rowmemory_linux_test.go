package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/crossrank/crossrank/internal/tinymodel"
)

// TestMemoryOfLargeFiles compares the memory of runs over a small file and one that is 24 times as
// large: it must not grow with the file.
func TestMemoryOfLargeFiles(t *testing.T) {
	if testing.Short() {
		t.Skip("scores 48 MiB, twice")
	}
	model := t.TempDir()
	if err := tinymodel.Write(model); err != nil {
		t.Fatal(err)
	}
	small, large := pairsFile(t, 2<<20), pairsFile(t, 48<<20)
	for _, format := range []string{"jsonl", "parquet"} {
		peak := func(input string) int64 {
			out := filepath.Join(t.TempDir(), "out."+format)
			return peakMemory(t, exec.Command("crossrank", "score", "-m", model, input, "-o", out, "--rejects", out+".rejects", "--group-rows", "1000"))
		}
		a, b := peak(small), peak(large)
		t.Logf("%s: %d MiB for the small file, %d MiB for the large one", format, a>>20, b>>20)
		if b-a > 24<<20 {
			t.Errorf("%s: the large file takes %d MiB more memory", format, (b-a)>>20)
		}
	}
}

// peakMemory runs a command, and returns the most memory that it had as far as it was seen: what
// the system reports at the end would count that of this process, which it was forked from.
func peakMemory(t *testing.T, cmd *exec.Cmd) (peak int64) {
	t.Helper()
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for {
		select {
		case err := <-ended:
			if err != nil || peak == 0 {
				t.Fatalf("%v, %d KiB: %s", err, peak, &stderr)
			}
			return peak << 10
		case <-time.After(5 * time.Millisecond):
		}
		status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", cmd.Process.Pid))
		if _, rest, ok := strings.Cut(string(status), "VmHWM:"); ok && strings.Contains(string(status), "Name:\tcrossrank") {
			var kib int64
			fmt.Sscan(rest, &kib)
			peak = max(peak, kib)
		}
	}
}
