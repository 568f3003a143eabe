package main

import (
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

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
			cmd := exec.Command("crossrank", "score", "-m", model, input, "-o", out, "--rejects", out+".rejects")
			if text, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, text)
			}
			return cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss << 10
		}
		a, b := peak(small), peak(large)
		t.Logf("%s: %d MiB for the small file, %d MiB for the large one", format, a>>20, b>>20)
		if b-a > 24<<20 {
			t.Errorf("%s: the large file takes %d MiB more memory", format, (b-a)>>20)
		}
	}
}
