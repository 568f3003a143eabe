// Command reliability holds a real server against the numbers that it must reach under stress, and
// writes what it reached into the documentation.
//
//	go run ./internal/tools/reliability soak [-duration 10m]
//	go run ./internal/tools/reliability chaos [-only overload,sigterm] [-slice 12s] [-fuzztime 5s]
//	go run ./internal/tools/reliability render
//
// It starts bin/crossrank, which `make build` makes, with the built-in model as a process of its
// own on loopback addresses, and plays the callers, good and bad ones, itself. What needs an engine
// that fails on demand is measured by the project's Go tests, which chaos runs at full length.
// Every goal is a line of the results file with how it was measured, and a step replaces only its
// own. The tables of the page are made from that file alone.
//
// On the machine that runs both, callers take from the server what they use. So the engine gets
// half of the cores unless told otherwise, and requests hold several pairs, which keeps ten times
// the load at a number of requests that the other half can send.
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
)

// options are the flags.
type options struct {
	program, results, page string
	only                   string
	threads, size          int
	objective              time.Duration
	slice                  time.Duration // of chaos: a load is kept so long

	duration, warmup time.Duration // of soak

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
	if len(args) == 0 || !slices.Contains([]string{"soak", "chaos", "render"}, args[0]) {
		return errors.New("say what to do first: soak, chaos or render")
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
	h, err := newHarness(ctx, o, command(suite, args[1:]), log)
	if err != nil {
		return err
	}
	return h.runAll(ctx, chosen)
}

func parse(suite string, args []string, log io.Writer) (o options, err error) {
	f := flag.NewFlagSet("reliability "+suite, flag.ContinueOnError)
	f.SetOutput(log)
	f.StringVar(&o.program, "program", filepath.Join("bin", "crossrank"), "the `program` to hold against the goals")
	f.StringVar(&o.results, "results", filepath.Join("docs", "reliability.jsonl"), "results `file`")
	f.StringVar(&o.page, "page", filepath.Join("docs", "reliability.md"), "the `page` whose tables are made from it")
	f.IntVar(&o.threads, "threads", max(1, runtime.NumCPU()/2), "cores of the server's engine")
	f.IntVar(&o.size, "pairs", 4, "pairs of a request")
	switch suite {
	case "soak":
		f.DurationVar(&o.duration, "duration", 10*time.Minute, "how long the load is kept, the warm-up included")
		f.DurationVar(&o.warmup, "warmup", 0, "how much of that does not count (default: a quarter)")
	case "chaos":
		f.StringVar(&o.only, "only", "", "the `steps` to run, with commas between; default: "+strings.Join(names("chaos"), ","))
		f.DurationVar(&o.objective, "objective", 500*time.Millisecond, "latency that accepted requests should keep")
		f.DurationVar(&o.slice, "slice", 12*time.Second, "how long each load and each fault is kept")
		f.IntVar(&o.terms, "terms", 100, "SIGTERMs")
		f.IntVar(&o.cancellations, "cancellations", 10_000, "random cancellations")
		f.IntVar(&o.repeat, "repeat", 1, "times that the Go tests of faults are run")
		f.DurationVar(&o.fuzztime, "fuzztime", 5*time.Second, "how long each fuzz target is run")
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
	case suite == "chaos" && (o.slice < time.Second || o.objective <= 0 || o.fuzztime < time.Second || min(o.terms, o.cancellations, o.repeat) < 1):
		return o, errors.New("-slice and -fuzztime must be at least 1s, -objective above 0, -terms, -cancellations and -repeat at least 1")
	}
	return o, nil
}

// command is what make is to be told to measure the same again. Names of files are left out: they
// say nothing.
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
