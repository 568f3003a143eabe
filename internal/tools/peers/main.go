// Command peers measures crossrank beside ONNX Runtime with the Hugging Face tokenizers, and writes
// what it measured into the documentation.
//
//	go run ./internal/tools/peers [-peer DIR] [-material DIR] [-model DIR] [-rounds 5] [-requests 15]
//	go run ./internal/tools/peers -family xlmr [-rounds 5] [-requests 15]
//	go run ./internal/tools/peers -render
//
// Both engines get the same weights, the same pairs and the same number of threads, each in a
// process of its own, and take turns: A B A B, so that a machine that becomes slower or faster
// meanwhile does so for both. Before anything is timed, both score the pairs once, and their fp32
// logits have to agree; what int8 costs in quality is measured for both, against the peer's fp32.
//
// Every measurement becomes a line of the results file. The table of docs/performance.md and the
// headline of README.md are made from that file alone, between markers, so -render makes them again
// without measuring.
//
// With -family, the model is a random one of a family's shape, made by make_family.py, and only
// fp32 is measured. internal/tools/families makes docs/models.md of the results.
//
// The peer's folder holds bench.mjs, package.json and make_model.py. It is copied to a build
// folder, where npm installs what it needs; the model, if none is given, is made there too, which
// takes Python with torch, numpy and onnx.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
)

type options struct {
	peer, material, model, build string
	family                       string
	python                       string
	results                      string
	render                       bool
	rounds, requests, singles    int
	warmup, check                int
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stderr); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return
		}
		fmt.Fprintln(os.Stderr, "peers:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, log io.Writer) error {
	var o options
	f := flag.NewFlagSet("peers", flag.ContinueOnError)
	f.SetOutput(log)
	f.StringVar(&o.peer, "peer", filepath.Join("..", "shared", "peers", "onnxruntime"), "the peer's `folder`")
	f.StringVar(&o.material, "material", filepath.Join("..", "shared", "material"), "`folder` with pairs/ and vocab/")
	f.StringVar(&o.model, "model", "", "`folder` with the model in both forms (default: made in the build folder)")
	f.StringVar(&o.family, "family", "", "`family` whose shape the model has: "+strings.Join(slices.Sorted(maps.Keys(families)), ", ")+" (default: MiniLM-L-6, in fp32 and int8)")
	f.StringVar(&o.build, "build", filepath.Join("bin", "peers"), "`folder` to build in")
	f.StringVar(&o.python, "python", "/usr/bin/python3", "the `program` that makes the model")
	f.StringVar(&o.results, "results", "", "results `file` (default: docs/peers.jsonl, or docs/families/FAMILY.jsonl)")
	f.BoolVar(&o.render, "render", false, "only make the documentation from the results file")
	f.IntVar(&o.rounds, "rounds", 5, "times that each engine is measured")
	f.IntVar(&o.requests, "requests", 15, "requests of 32 pairs in a measurement")
	f.IntVar(&o.singles, "singles", 100, "requests of one pair in a measurement")
	f.IntVar(&o.warmup, "warmup", 2, "requests before them that are not counted")
	f.IntVar(&o.check, "check", 3200, "pairs whose logits are compared")
	if err := f.Parse(args); err != nil {
		return err
	}
	if f.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", f.Arg(0))
	}
	if min(o.rounds, o.requests, o.singles, o.check) < 1 || o.warmup < 0 {
		return errors.New("-rounds, -requests, -singles and -check must be at least 1, -warmup at least 0")
	}
	if _, ok := families[o.family]; o.family != "" && !ok {
		return fmt.Errorf("-family is %q; want one of %s", o.family, strings.Join(slices.Sorted(maps.Keys(families)), ", "))
	}
	o.results = cmp.Or(o.results, o.defaultResults())
	if o.family != "" {
		return measureAll(ctx, o, log)
	}
	if !o.render {
		if err := measureAll(ctx, o, log); err != nil {
			return err
		}
	}
	records, err := readResults(o.results)
	if err != nil {
		return err
	}
	return writeDocs(records, filepath.Join("docs", "performance.md"), "README.md")
}
