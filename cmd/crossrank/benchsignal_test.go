package main

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/crossrank/crossrank/internal/results"
	"github.com/crossrank/crossrank/internal/tinymodel"
)

// Ctrl-C ends a measurement of hours: what was measured is printed, and is in every file.
func TestBenchInterrupted(t *testing.T) {
	for name, load := range map[string][]string{
		"closed": {"--concurrency", "2"},
		"open":   {"--rate", "50"},
		"ramp":   {"--rate", "50", "--ramp", "60"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := tinymodel.Write(dir); err != nil {
				t.Fatal(err)
			}
			file, page := filepath.Join(dir, "bench.jsonl"), filepath.Join(dir, "page.html")
			args := append([]string{"bench", "--model", dir, "--batch", "2", "--duration", "1h", "--interval", "100ms",
				"--results", file, "--html", "-o", page}, load...)
			cmd := exec.Command("crossrank", args...)
			var out strings.Builder
			cmd.Stdout = &out
			stderr, err := cmd.StderrPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			stuck := time.AfterFunc(patience, func() { cmd.Process.Kill() })
			defer stuck.Stop()
			var said strings.Builder
			for lines, signalled := bufio.NewScanner(stderr), false; lines.Scan(); {
				said.WriteString(lines.Text() + "\n")
				if !signalled && strings.Contains(lines.Text(), "in flight") && !strings.Contains(lines.Text(), "P50 n/a") {
					signalled = true
					if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
						t.Fatal(err)
					}
				}
			}
			var ended *exec.ExitError
			if err := cmd.Wait(); !errors.As(err, &ended) || ended.ExitCode() != 1 {
				t.Fatalf("it ended with %v, want exit code 1:\n%s", err, &said)
			}
			if !strings.Contains(said.String(), "interrupted after ") || !strings.Contains(said.String(), " of 1h0m0s") {
				t.Errorf("standard error does not say how far it came:\n%s", &said)
			}
			if !strings.Contains(out.String(), "(partial: interrupted)") || !strings.Contains(out.String(), "throughput ") {
				t.Errorf("standard output is\n%s", &out)
			}
			res, err := results.ReadFile(file)
			if err != nil || len(res.Partial) == 0 || len(res.Configurations) != 1 || len(res.Configurations[0].Requests) == 0 {
				t.Errorf("the results are %+v, %v; want those of one configuration, partial", res, err)
			}
			if html, err := os.ReadFile(page); err != nil || !strings.Contains(string(html), "Partial: interrupted") {
				t.Errorf("the page does not say that it is partial, %v", err)
			}
		})
	}
}
