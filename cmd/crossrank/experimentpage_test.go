package main

import (
	"bufio"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/crossrank/crossrank/internal/browser"
	"github.com/crossrank/crossrank/internal/tinymodel"
)

// writeExperiment writes a small model and an experiment of several points, and gives the
// experiment's file.
func writeExperiment(t *testing.T, dir, lines string) string {
	t.Helper()
	model := filepath.Join(dir, "model")
	file := filepath.Join(dir, "watched.yaml")
	text := "name: watched\nmodel: " + model + "\nexperiment: " + lines + "\n"
	if err := errors.Join(tinymodel.Write(model), os.WriteFile(file, []byte(text), 0o666)); err != nil {
		t.Fatal(err)
	}
	return file
}

// TestPageShowsTheExperiment watches one page while an experiment starts two servers at its
// address.
func TestPageShowsTheExperiment(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes and a browser")
	}
	p := openPage(t, browser.Options{Width: 1280, Height: 900})
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := free.Addr().String()
	free.Close()
	dir := t.TempDir()
	file := writeExperiment(t, dir, "{batch_sizes: [1, 2], duration: 2s, warmup: 10, repeats: 2}")
	cmd := exec.Command("crossrank", "experiment", "run", file, "-o", dir, "--http-addr", addr)
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := false
	defer func() {
		if !ended {
			cmd.Process.Signal(syscall.SIGTERM)
			cmd.Wait()
		}
	}()
	said := bufio.NewScanner(stderr)
	var lines []string
	for said.Scan() && said.Text() != "live page: http://"+addr+"/" {
		lines = append(lines, said.Text())
	}
	if said.Text() == "" {
		t.Fatalf("the page's address was not printed: %q, %v", lines, said.Err())
	}
	if err := p.Visit("http://" + addr + "/"); err != nil {
		t.Fatal(err)
	}
	shows := func(id string, words ...string) func() bool {
		return func() bool {
			s := text(t, p, id)
			for _, w := range words {
				if !strings.Contains(s, w) {
					return false
				}
			}
			return true
		}
	}
	await(t, "a configuration", shows("experiment-what", "Experiment watched: configuration ", " of 4 · batch "))
	await(t, "requests", shows("experiment-counts", " requests, ", " of 2 s, ", " pairs/s"))
	if keep := os.Getenv("SCREENSHOTS"); keep != "" {
		picture, err := p.Picture(false)
		if err := errors.Join(err, os.WriteFile(filepath.Join(keep, "experiment.png"), picture, 0o666)); err != nil {
			t.Fatal(err)
		}
	}
	third, fourth := shows("experiment-what", "configuration 3 of 4 · batch"), shows("experiment-what", "configuration 4 of 4 · batch")
	await(t, "the second server's", func() bool { return third() || fourth() })
	await(t, "the end", shows("experiment-what", "Experiment watched ended with configuration 4 of 4 · ",
		"Its report goes to "+filepath.Join(dir, "watched_results.html")))
	for said.Scan() {
	}
	ended = true
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "watched_results.html")); err != nil {
		t.Errorf("there is no report where the page said: %v", err)
	}
	for _, problem := range p.Problems() {
		if !strings.Contains(problem, "ERR_") { // no server is there between two of them
			t.Errorf("the browser complains: %s", problem)
		}
	}
}
