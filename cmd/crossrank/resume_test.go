package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/crossrank/crossrank/internal/tinymodel"
)

// pairsFile writes a CSV file of about a number of bytes, with a row in a thousand that cannot be
// read.
func pairsFile(t *testing.T, size int) string {
	t.Helper()
	words := strings.Fields("paris rome city france tall what is the capital of a k2 unknown")
	random := rand.New(rand.NewPCG(3, 4))
	var b bytes.Buffer
	b.WriteString("id,query,passage\n")
	for id := 0; b.Len() < size; id++ {
		if id%1000 == 500 {
			b.WriteString("too few\n")
			continue
		}
		fmt.Fprintf(&b, "%d,how tall is %s,\"", id, words[random.IntN(len(words))])
		for range 3 + random.IntN(20) {
			b.WriteString(words[random.IntN(len(words))] + ", ")
		}
		b.WriteString("\"\"end\"\"\"\n")
	}
	path := filepath.Join(t.TempDir(), "pairs.csv")
	if err := os.WriteFile(path, b.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestKilledRunsResume kills crossrank score at random, 50 times in all; RESUME_KILLS=50 is that
// often for each format. When it is run until it ends, the output has the bytes of a run that was
// left alone.
func TestKilledRunsResume(t *testing.T) {
	model, kills, size := t.TempDir(), 10, 4<<20
	if err := tinymodel.Write(model); err != nil {
		t.Fatal(err)
	}
	if testing.Short() {
		kills, size = 1, 1<<20
	}
	if n, err := strconv.Atoi(os.Getenv("RESUME_KILLS")); err == nil {
		kills = n
	}
	input := pairsFile(t, size)
	for _, format := range []string{"jsonl", "csv", "parquet", "csv.gz", "jsonl.zst"} {
		t.Run(format, func(t *testing.T) {
			out := filepath.Join(t.TempDir(), "out."+format)
			args := func(to string) []string {
				return []string{"score", "-m", model, input, "--group-rows", "700", "--resume", "-o", to, "--rejects", to + ".rejects"}
			}
			if text, err := exec.Command("crossrank", args(out)...).CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, text)
			}
			want, rejects := fileBytes(t, out), fileBytes(t, out+".rejects")

			again := out + ".again." + format
			random := rand.New(rand.NewPCG(uint64(len(format)), 7))
			killed, resumed := 0, 0
			for killed < kills {
				cmd := exec.Command("crossrank", args(again)...)
				var stderr bytes.Buffer
				cmd.Stderr = &stderr
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				ended := make(chan error, 1)
				go func() { ended <- cmd.Wait() }()
				if waitForGrowth(again, ended) {
					time.Sleep(time.Duration(random.IntN(400)) * time.Millisecond)
					cmd.Process.Kill()
				}
				switch err := <-ended; {
				case err == nil: // it was faster; what it wrote is compared, and it begins again
					sameOutput(t, again, want, rejects)
					os.Remove(again)
				case cmd.ProcessState.ExitCode() != -1:
					t.Fatalf("it ended with %v: %s", err, &stderr)
				default:
					killed++
					if part, err := os.ReadFile(again + ".journal"); err == nil && bytes.Count(part, []byte("\n")) > 1 {
						resumed++
					}
				}
			}
			if text, err := exec.Command("crossrank", args(again)...).CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, text)
			}
			sameOutput(t, again, want, rejects)
			t.Logf("%d kills, %d of them after some rows were complete", killed, resumed)
			if resumed == 0 && kills > 1 {
				t.Error("no run was resumed")
			}
		})
	}
}

// waitForGrowth waits until a run has written something to its output. It returns false if the run
// ends before.
func waitForGrowth(out string, ended chan error) bool {
	size := func() int64 {
		if info, err := os.Stat(out + ".part"); err == nil {
			return info.Size()
		}
		return 0
	}
	for before := size(); size() == before; time.Sleep(time.Millisecond) {
		select {
		case err := <-ended:
			ended <- err
			return false
		default:
		}
	}
	return true
}

func sameOutput(t *testing.T, out string, want, rejects []byte) {
	t.Helper()
	if !bytes.Equal(fileBytes(t, out), want) {
		t.Fatal("the output differs from that of a run that was left alone")
	}
	if !bytes.Equal(fileBytes(t, out+".rejects"), rejects) {
		t.Fatal("the rejects differ from those of a run that was left alone")
	}
}

func fileBytes(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
