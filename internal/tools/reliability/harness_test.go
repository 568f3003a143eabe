package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log/slog"
	"math"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/crossrank/crossrank/internal/childtest"
	"github.com/crossrank/crossrank/internal/config"
	"github.com/crossrank/crossrank/internal/dataset"
	"github.com/crossrank/crossrank/internal/serving"
	"github.com/crossrank/crossrank/internal/tinymodel"
)

// servedModel is set in the environment of the servers that these tests start of their own program:
// the folder of the model.
const servedModel = "RELIABILITY_TEST_MODEL"

func TestMain(m *testing.M) {
	childtest.Main(m, servedModel, func(model string) int {
		if err := actAsCrossrank(os.Args[1:], model); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return 0
	})
}

// actAsCrossrank does what `crossrank version` and `crossrank serve` do, with the model of a
// folder.
func actAsCrossrank(args []string, model string) error {
	switch args[0] {
	case "version":
		fmt.Println("crossrank test")
		return nil
	case "fleet": // in a network of its own
		return execute(context.Background(), args, os.Stderr)
	}
	flags := flag.NewFlagSet("serve", flag.ContinueOnError)
	file := flags.String("config", "", "")
	grpc, http, admin := flags.String("grpc-addr", "", ""), flags.String("http-addr", "", ""), flags.String("admin-addr", "", "")
	pprof := flags.Bool("pprof", false, "")
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	settings, err := config.Load(*file)
	if err != nil {
		return err
	}
	settings = settings.WithModel(model)
	settings.Server.GRPCAddr, settings.Server.HTTPAddr, settings.Server.AdminAddr, settings.Server.Pprof = *grpc, *http, *admin, *pprof
	srv, err := serving.Listen(settings, slog.New(slog.NewTextHandler(os.Stderr, nil)))
	if err != nil {
		return err
	}
	defer srv.Close()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	if _, err := srv.Open(ctx, "test"); err != nil {
		return err
	}
	ready := map[string]string{"grpc": srv.GRPCAddr(), "http": srv.HTTPAddr(), "admin": srv.AdminAddr()}
	if err := json.NewEncoder(os.Stdout).Encode(ready); err != nil {
		return err
	}
	return srv.Run(ctx)
}

// program is this test, which acts as crossrank.
func program(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "model")
	if err := tinymodel.Write(dir); err != nil {
		t.Fatal(err)
	}
	t.Setenv(servedModel, dir)
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// outputs are a copy of the page, and a file for results that is not there yet.
func outputs(t *testing.T) (page, file string) {
	t.Helper()
	docs, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "reliability.md"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	page = filepath.Join(dir, "page.md")
	if err := os.WriteFile(page, docs, 0o666); err != nil {
		t.Fatal(err)
	}
	return page, filepath.Join(dir, "results.jsonl")
}

// Steps against a real server, small ones: each goal gets its record, in the results and on the
// page. What they reach is not for a test to say, but that nothing is lost or left behind holds on
// every machine.
func TestStepsAgainstAServer(t *testing.T) {
	page, file := outputs(t)
	var log bytes.Buffer
	err := execute(t.Context(), []string{
		"chaos", "-program", program(t), "-results", file, "-page", page, "-only", "cancellations,sigterm,network",
		"-terms", "2", "-cancellations", "200", "-slice", "1s", "-threads", "1",
	}, &log)
	if err != nil {
		t.Fatalf("%v; it said:\n%s", err, log.String())
	}
	records, err := readRecords(file)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]record{}
	for _, r := range records {
		got[r.Goal] = r
		if r.Partial || r.Run.Version != "test" || !strings.HasPrefix(r.Run.Command, "make chaos CHAOS_FLAGS=") {
			t.Errorf("%s: partial %t, run %+v", r.Goal, r.Partial, r.Run)
		}
	}
	for _, goal := range []string{"cancel", "lost", "exits"} {
		if r, ok := got[goal]; !ok || r.Value != 0 || r.Fault != "" {
			t.Errorf("%s: got %+v, want 0 without a fault", goal, r)
		}
	}
	for _, f := range faults {
		if r, ok := got[f.goal]; !ok || r.Note == "" {
			t.Errorf("%s: got %+v, want a record", f.goal, r)
		}
	}
	made, err := os.ReadFile(page)
	if err != nil || !strings.Contains(string(made), "| accepted requests lost by 100 SIGTERMs under load | 0 | 0 | reached | 2 ends;") {
		t.Errorf("the page lacks what was measured: %v", err)
	}
}

// Each attack is what it says, and the server does as it should: an attack that is taken would be
// an error.
func TestAttacksOnAServer(t *testing.T) {
	h := &harness{options: options{program: program(t), threads: 1, size: 2}, log: &bytes.Buffer{}}
	err := h.withServer(t.Context(), unbounded, 2, func(s *server, c *callers) error {
		before, err := s.footprint(t.Context())
		if err != nil || before.goroutines == 0 {
			t.Errorf("the server holds %+v, %v", before, err)
		}
		for _, a := range attacks {
			if a.goal == "slowloris" {
				continue // it takes as long as the server's patience
			}
			if err := a.once(t.Context(), s); err != nil {
				t.Errorf("%s: %v", a.goal, err)
			}
		}
		ctx, leave := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer leave()
		if err := slowloris(ctx, s); err != nil {
			t.Errorf("slowloris that ends: %v", err)
		}
		h.pairs = light
		if l, err := h.closed(t.Context(), c, 2, 20*time.Millisecond); err != nil || l.PairsPerSecond() <= 0 || len(l.records) == 0 {
			t.Errorf("a closed loop: %d records, %v", len(l.records), err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	h.program = "/nonexistent"
	if err := h.withServer(t.Context(), unbounded, 1, nil); err == nil {
		t.Error("no error for a program that is not there")
	}
}

// Loads that are short and light: what they reach is not for a test to say, but each step reports
// its goals.
func TestLoadsOnAServer(t *testing.T) {
	h := testHarness()
	h.program, h.threads, h.size, h.slice = program(t), 1, 64, 200*time.Millisecond
	h.pairs = dataset.Synthetic(512, 1).Pairs
	for name, step := range map[string]func(context.Context, *harness) error{"leavers": abandonedRequests, "account": account} {
		if err := step(t.Context(), h); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if r := h.get(t, name); r.Note == "" || math.IsNaN(r.Value) {
			t.Errorf("%s: got %+v", name, r)
		}
	}
	h.duration = 100 * time.Millisecond
	err := h.withServer(t.Context(), unbounded, 2, func(s *server, c *callers) error {
		l, mem, err := h.sampled(t.Context(), s, c, 50)
		if err != nil {
			return err
		}
		if len(l.records) != 5 || len(mem.bytes) == 0 || mem.bytes[0] <= 0 || len(mem.live) == 0 || mem.live[0] <= 0 {
			t.Errorf("a soak of 5 requests: %d records, memory %v, live %v", len(l.records), mem.bytes, mem.live)
		}
		return nil
	})
	if err != nil && runtime.GOOS == "linux" { // only Linux tells the memory of another process
		t.Error(err)
	}
}
