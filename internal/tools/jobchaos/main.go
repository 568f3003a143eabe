// Command jobchaos runs jobs with real processes and puts the figures into docs/scale.md.
//
//	go run ./internal/tools/jobchaos faults [-rows 2000000] [-kills 50] [-partition 60s] [-full 10s]
//	go run ./internal/tools/jobchaos dry [-rows 100000000]
//	go run ./internal/tools/jobchaos render
//
// It starts bin/crossrank, which `make build` makes. faults runs a job with three workers and a
// queue while processes are killed, the network is cut and the disk is full, and compares the
// output with that of one process that nothing happens to. dry runs a job whose scores cost
// nothing, so that submitter, queue and worker themselves are measured.
//
// Where Linux permits it, as it does root, each worker has a network namespace of its own, and the
// job's folder is a small file system of its own, which can be full. Elsewhere workers reach the
// queue through a proxy, which can be cut, and no disk is full; the record says so.
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
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/crossrank/crossrank/internal/netns"
)

// options are the flags.
type options struct {
	program, results, page, dir string
	rows, shardRows             int

	kills     int
	partition time.Duration
	full      time.Duration
	redeliver time.Duration
	seed      uint64
	proxies   bool

	command string // that measures the same again
}

func main() {
	if folder := os.Getenv(dryFolder); folder != "" {
		exit(actAsWorker(context.Background(), folder, os.Getenv(dryQueue)))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	exit(execute(ctx, os.Args[1:], os.Stderr))
}

func exit(err error) {
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "jobchaos:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

func execute(ctx context.Context, args []string, log io.Writer) (err error) {
	if len(args) == 0 || args[0] != "faults" && args[0] != "dry" && args[0] != "render" {
		return errors.New("the first argument must be faults, dry or render")
	}
	o, err := parse(args[0], args[1:], log)
	if err != nil {
		return err
	}
	if args[0] == "render" {
		return render(o)
	}
	if args[0] == "faults" && !o.proxies && !netns.Isolated() {
		err := netns.Run(ctx, args, log)
		if !errors.Is(err, netns.ErrUnavailable) {
			return err
		}
		fmt.Fprintf(log, "workers reach the queue through proxies: %v\n", err)
	}
	h, err := newHarness(ctx, args[0], o, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.close()) }()
	if args[0] == "dry" {
		err = h.dry(ctx)
	} else {
		err = h.faults(ctx)
	}
	if err != nil {
		return err
	}
	return errors.Join(h.write(), render(o))
}

func parse(suite string, args []string, log io.Writer) (o options, err error) {
	f := flag.NewFlagSet("jobchaos "+suite, flag.ContinueOnError)
	f.SetOutput(log)
	f.StringVar(&o.program, "program", filepath.Join("bin", "crossrank"), "`program` to test")
	f.StringVar(&o.results, "results", filepath.Join("docs", "scale.jsonl"), "results `file`, one line per run")
	f.StringVar(&o.page, "page", filepath.Join("docs", "scale.md"), "`page` with the tables of the results")
	f.StringVar(&o.dir, "dir", os.TempDir(), "`directory` for inputs, outputs and logs, which are removed afterwards")
	switch suite {
	case "faults":
		f.IntVar(&o.rows, "rows", 2_000_000, "number of pairs")
		f.IntVar(&o.shardRows, "shard-rows", 2_000, "max rows of a shard")
		f.IntVar(&o.kills, "kills", 50, "number of SIGKILLs of workers and of the queue")
		f.DurationVar(&o.partition, "partition", time.Minute, "time for which one worker is cut off; 0 = none")
		f.DurationVar(&o.full, "full", 10*time.Second, "time for which the disk is full; 0 = none")
		f.DurationVar(&o.redeliver, "redeliver-after", 0, "silence of a worker after which its shard goes to another; 0 = the program's default")
		f.BoolVar(&o.proxies, "proxies", false, "proxies on loopback, even where network namespaces are permitted")
		f.Uint64Var(&o.seed, "seed", 1, "seed of the faults")
	case "dry":
		f.IntVar(&o.rows, "rows", 100_000_000, "number of pairs; those above a million are a million again and again")
		f.IntVar(&o.shardRows, "shard-rows", 10_000, "max rows of a shard")
	}
	if err := f.Parse(args); err != nil {
		return o, err
	}
	o.command = command(f, suite)
	switch {
	case f.NArg() > 0:
		return o, fmt.Errorf("unexpected argument %q", f.Arg(0))
	case suite != "render" && (o.rows < 1 || o.shardRows < 1):
		return o, errors.New("-rows and -shard-rows must be at least 1")
	case o.kills < 0 || o.partition < 0 || o.full < 0 || o.redeliver < 0:
		return o, errors.New("-kills, -partition, -full and -redeliver-after must be at least 0")
	}
	return o, nil
}

// command is the make command that measures the same again, without the names of files.
func command(f *flag.FlagSet, suite string) string {
	var kept []string
	f.Visit(func(set *flag.Flag) {
		if !slices.Contains([]string{"program", "results", "page", "dir"}, set.Name) {
			kept = append(kept, "-"+set.Name+" "+set.Value.String())
		}
	})
	if kept == nil {
		return "make job-" + suite
	}
	return fmt.Sprintf("make job-%s JOB_FLAGS=%q", suite, strings.Join(kept, " "))
}
