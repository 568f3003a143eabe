// Command reliability tests a real server under stress against its goals, and puts the figures into
// the documentation.
//
//	go run ./internal/tools/reliability soak [-duration 10m]
//	go run ./internal/tools/reliability chaos [-only overload,sigterm] [-slice 12s] [-fuzztime 5s]
//	go run ./internal/tools/reliability fleet [-rate 30] [-slice 40s]
//	go run ./internal/tools/reliability render
//
// It starts bin/crossrank, which `make build` makes, with the built-in model as a process of its
// own on loopback addresses, and acts as its callers, good and bad ones. Goals that need an engine
// that fails on demand are measured by the project's Go tests, which chaos runs at full length.
// Each goal is a line of the results file, with how it was measured, and a step replaces only its
// own lines. The tables of the page are made from that file alone.
//
// fleet tests several servers and a client that balances over them, each server in a network
// namespace of its own, as package netns builds them.
//
// Server and callers share the machine. The engine gets half of the cores by default, and requests
// have several pairs, so that the other half can send ten times the peak.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/crossrank/crossrank/internal/netns"
)

// options are the flags.
type options struct {
	program, results, page string
	only                   string
	threads, size          int
	objective              time.Duration
	slice                  time.Duration // a load is kept so long

	duration, warmup time.Duration // of soak
	rate             float64       // of fleet: requests per second

	terms, cancellations, repeat int
	fuzztime                     time.Duration
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	go func() {
		<-ctx.Done()
		stop() // a second signal kills
	}()
	if err := execute(ctx, os.Args[1:], os.Stderr); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return
		}
		fmt.Fprintln(os.Stderr, "reliability:", err)
		os.Exit(1)
	}
}

func execute(ctx context.Context, args []string, log io.Writer) error {
	if len(args) == 0 || !slices.Contains([]string{"soak", "chaos", "fleet", "render"}, args[0]) {
		return errors.New("the first argument must be soak, chaos, fleet or render")
	}
	suite := args[0]
	o, err := parse(suite, args[1:], log)
	if err != nil {
		return err
	}
	if suite == "render" {
		records, err := readRecords(o.results)
		if err != nil {
			return err
		}
		return part.Update(o.page, page(records))
	}
	chosen, err := choose(suite, o.only)
	if err != nil {
		return err
	}
	if suite == "fleet" && !netns.Isolated() {
		return netns.Run(ctx, args, log)
	}
	h, err := newHarness(ctx, o, command(suite, args[1:]), log)
	if err != nil {
		return err
	}
	return h.runAll(ctx, chosen)
}

func parse(suite string, args []string, log io.Writer) (o options, err error) {
	f := flag.NewFlagSet("reliability "+suite, flag.ContinueOnError)
	f.SetOutput(log)
	f.StringVar(&o.program, "program", filepath.Join("bin", "crossrank"), "`program` to test")
	f.StringVar(&o.results, "results", filepath.Join("docs", "reliability.jsonl"), "results `file`, one line per goal")
	f.StringVar(&o.page, "page", filepath.Join("docs", "reliability.md"), "`page` with the tables of the results")
	f.IntVar(&o.threads, "threads", max(1, runtime.NumCPU()/2), "threads of the server's engine")
	f.IntVar(&o.size, "pairs", 4, "pairs per request")
	switch suite {
	case "soak":
		f.DurationVar(&o.duration, "duration", 10*time.Minute, "time of the load, including the warm-up")
		f.DurationVar(&o.warmup, "warmup", 0, "time at the beginning that does not count; 0 = a quarter of the duration")
	case "chaos":
		f.StringVar(&o.only, "only", "", "comma-separated `steps` to run: "+strings.Join(names("chaos"), ",")+"; empty = all")
		f.DurationVar(&o.objective, "objective", 500*time.Millisecond, "latency objective of accepted requests")
		f.DurationVar(&o.slice, "slice", 12*time.Second, "time of each load and of each fault")
		f.IntVar(&o.terms, "terms", 100, "number of servers to stop")
		f.IntVar(&o.cancellations, "cancellations", 10_000, "number of random cancellations")
		f.IntVar(&o.repeat, "repeat", 1, "number of runs of the Go tests")
		f.DurationVar(&o.fuzztime, "fuzztime", 5*time.Second, "time per fuzz target")
	case "fleet":
		f.Float64Var(&o.rate, "rate", 30, "requests per second")
		f.DurationVar(&o.slice, "slice", 40*time.Second, "time of each measurement of shares, and of a server's absence")
	}
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if o.warmup == 0 {
		o.warmup = o.duration / 4
	}
	switch {
	case f.NArg() > 0:
		return o, fmt.Errorf("unexpected argument %q", f.Arg(0))
	case o.threads < 1 || o.size < 1:
		return o, errors.New("-threads and -pairs must be at least 1")
	case suite == "soak" && (o.warmup < 0 || o.duration-o.warmup < 5*time.Second):
		return o, errors.New("-duration must be at least 5s longer than -warmup")
	case suite == "fleet" && (o.rate <= 0 || o.slice < time.Second):
		return o, errors.New("-rate must be above 0 and -slice at least 1s")
	case suite == "chaos" && (o.slice < time.Second || o.objective <= 0 || o.fuzztime < time.Second || min(o.terms, o.cancellations, o.repeat) < 1):
		return o, errors.New("-slice and -fuzztime must be at least 1s, -objective above 0, -terms, -cancellations and -repeat at least 1")
	}
	return o, nil
}

// command is the make command that measures the same again, without the names of files.
func command(suite string, args []string) string {
	var kept []string
	for i := 0; i < len(args); i++ {
		name, _, joined := strings.Cut(strings.TrimLeft(args[i], "-"), "=")
		if slices.Contains([]string{"program", "results", "page"}, name) {
			if !joined {
				i++
			}
			continue
		}
		kept = append(kept, args[i])
	}
	if len(kept) == 0 {
		return "make " + suite
	}
	return fmt.Sprintf("make %s %s_FLAGS=%q", suite, strings.ToUpper(suite), strings.Join(kept, " "))
}
