package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/client"
	"github.com/crossrank/crossrank/internal/backend/catalog"
	"github.com/crossrank/crossrank/internal/config"
	"github.com/crossrank/crossrank/internal/dataset"
	"github.com/crossrank/crossrank/internal/experiment"
	"github.com/crossrank/crossrank/internal/load"
	"github.com/crossrank/crossrank/internal/outfile"
	"github.com/crossrank/crossrank/internal/procstat"
	"github.com/crossrank/crossrank/internal/quality"
	"github.com/crossrank/crossrank/local"
)

type benchOptions struct {
	model       string
	target      targetFlags
	pairs       string
	load        benchLoad
	interval    time.Duration
	threads     int
	prefixBytes int64
	compute     computeFlags
	against     string
	order       string
	json, html  bool
	format      string
	output      string
	scores      string
	results     string
	collection  string
	candidates  int
	topN        int
}

func newBenchCommand() *cobra.Command {
	var opts benchOptions
	cmd := &cobra.Command{
		Use:   "bench [URL | --model M] [--pairs FILE]",
		Short: "Measure how fast a model or a server scores",
		Long: `Bench sends requests of --batch pairs to a server, or to a model in this process, and reports
throughput and latency. URL is the same as --target: grpc://host:port or http://host:port. A
server is measured for 10 s by default, by 4 workers.

The loop is closed by default: each of --concurrency workers sends its next request when its last
one is answered. That finds the capacity. With --rate the loop is open: requests are sent when
they are due, by the arrivals of --arrival, whether or not earlier ones are answered. That finds
how long callers wait at a rate. Latency counts from when a request was due, so a server that
stalls cannot hide it, and requests that were sent late, or not at all, are counted.

With --ramp, the rate or the number of workers moves evenly from --rate or --concurrency to the
value of --ramp over --duration. The --warmup requests are sent before and are in no figure.

Pairs come from FILE, one JSON object {"query": "…", "passage": "…"} per line, or are synthetic:
words of random lengths like those of web search. Requests take consecutive pairs and start over
at the end. With --order sorted the pairs are sorted by their tokens first, and a run of fewer
requests than there are pairs takes evenly spaced ones.

A third-party server can be measured: --dialect names its API, and --model then names the model to
ask for. APIs that rank documents accept one query per request: with --one-query each request
scores all of its passages against the query of its first pair. Every target supports that, so all
can have the same load.

With --against, all pairs are also scored in a second precision. The output shows how far the
logits differ and whether both rank passages alike. The comparison is not part of the timing.

With --top-n, a request needs only its highest scores, as rankings with a top_n do: --quantization
cascade then scores only what may be among them in fp32, and so does a crossrank server with that
precision. With --against too, the output shows how many requests have the same first ones in the
same order.

With --collection, bench measures quality beside speed: for each query of a judged collection it
reranks the documents that BM25 ranks highest, and reports nDCG@10 and MRR@10 as trec_eval
computes them. DIR holds docs.jsonl ({"id", "title", "text"} per line), queries.tsv (id, text) and
qrels.tsv (query, document, grade; 1 or more is relevant), or the files of BEIR. Without --pairs,
speed is measured on the same pairs.

Progress goes to standard error, with a line every --interval: the requests, pairs, percentiles
and failures since the last one, and the requests in flight. The measurement goes to standard
output, or to the file of --output: as a table, as JSON, as Go benchmarks are printed (for benchstat
over several runs), or as the report of an experiment, in Markdown or as an HTML page. With
--results, every request is also written to a results file, which report and compare read as those
of an experiment. Ctrl-C ends the measurement and keeps what was measured, in all outputs; they then
say partial, and the exit code is 1.`,
		Example: `  $ crossrank bench
  $ crossrank bench http://127.0.0.1:8080
  $ crossrank bench http://127.0.0.1:8080 --rate 20 --duration 60s --html -o load.html
  $ crossrank bench http://127.0.0.1:8080 --rate 5 --ramp 50 --duration 2m --results ramp.jsonl
  $ crossrank bench grpc://127.0.0.1:50051 --concurrency 1 --ramp 16 --duration 64s
  $ crossrank bench http://127.0.0.1:8080 --dialect tei --one-query --concurrency 4
  $ crossrank bench https://api.cohere.com:443 --dialect cohere --model rerank-v3.5 \
      --api-key-env CO_API_KEY
  $ crossrank bench --model ./ms-marco-MiniLM-L-6-v2 --pairs pairs.jsonl --batch 64 --json
  $ crossrank bench --model ./ms-marco-MiniLM-L-6-v2 --quantization int8 --against fp32
  $ crossrank bench --quantization cascade --top-n 10 --batch 100 --one-query --against fp32
  $ crossrank bench http://127.0.0.1:8080 --top-n 10 --batch 100 --one-query
  $ crossrank bench --model ./ms-marco-MiniLM-L-6-v2 --collection ./beir/scifact
  $ crossrank bench --results bench.jsonl && crossrank report bench.jsonl
  $ for i in 1 2 3 4 5 6; do crossrank bench --format bench >> before.txt; done`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 && strings.Contains(args[0], "://") {
				args = args[1:]
			}
			return noMore(args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				if cmd.Flags().Changed("target") {
					return usageError("%s and --target both name a server; give one", args[0])
				}
				opts.target.address = args[0]
			}
			return runBench(cmd, opts)
		},
	}
	opts.register(cmd)
	return cmd
}

func (o *benchOptions) register(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVarP(&o.model, "model", "m", config.BuiltinModel, modelUsage+"; of a server, name of its model")
	pullFlag(cmd)
	o.target.register(cmd)
	f.StringVar(&o.pairs, "pairs", "", "JSONL file of pairs; empty = synthetic pairs")
	o.load.register(cmd)
	f.IntVar(&o.topN, "top-n", 0, "scores needed per request, the highest; 0 = all")
	f.DurationVar(&o.interval, "interval", 5*time.Second, "time between two lines of interim figures; 0 = none")
	f.IntVar(&o.threads, "threads", 0, "threads per batch; 0 = all cores (not of a server)")
	o.compute.register(cmd, " (not of a server)")
	f.Int64Var(&o.prefixBytes, "prefix-bytes", 0,
		"bytes for what the pairs of a decoder begin with, computed once for all; 0 = 512 MiB, -1 = each pair is computed whole (not of a server)")
	f.StringVar(&o.against, "against", "", "second precision whose logits are compared: fp32, fp16, bf16, bf16-dot, int8 or cascade (not of a server)")
	f.StringVar(&o.order, "order", "as-is", "order of the pairs: as-is, or sorted by length (not of a server)")
	f.StringVar(&o.format, "format", "table", "output format: "+orList(benchFormats))
	f.BoolVar(&o.json, "json", false, "short form of --format json")
	f.BoolVar(&o.html, "html", false, "short form of --format html")
	cmd.MarkFlagsMutuallyExclusive("json", "html", "format")
	f.StringVarP(&o.output, "output", "o", "", "output file, and the table to standard output; - or empty = standard output")
	f.StringVar(&o.scores, "scores", "", "output file for the logits of all pairs, one per line in order")
	f.StringVar(&o.results, "results", "", "results file to write, one line per request, for report and compare; empty = none")
	f.StringVar(&o.collection, "collection", "", "folder of a judged collection to measure quality on")
	f.IntVar(&o.candidates, "candidates", 50, "number of documents to rerank per query of the collection")
}

func (o *benchOptions) check(cmd *cobra.Command) error {
	if err := o.target.check(cmd); err != nil {
		return err
	}
	for _, name := range []string{"pull", "threads", "backend", "device", "quantization", "prefix-bytes", "against", "order"} {
		if o.target.address != "" && cmd.Flags().Changed(name) {
			return usageError("--%s has no effect on a server, which has its own; leave it out", name)
		}
	}
	if o.target.address != "" && !cmd.Flags().Changed("model") {
		o.model = "" // the server's own choice
	}
	if err := o.load.check(); err != nil {
		return err
	}
	for _, f := range []struct {
		name               string
		value, least, most int
	}{
		{"threads", o.threads, 0, math.MaxInt}, // local.Open knows the maximum of this machine
		{"top-n", o.topN, 0, 65536},
		{"candidates", o.candidates, 1, 65536},
	} {
		if err := checkRange(f.name, f.value, f.least, f.most); err != nil {
			return err
		}
	}
	if o.interval < 0 {
		return usageError("--interval is %v; it must be at least 0", o.interval)
	}
	o.load.complete(o.target.address != "")
	return errors.Join(o.checkFormat(cmd), checkSettings(o.settings()))
}

// checkFormat refuses what cannot be printed, written or compared.
func (o *benchOptions) checkFormat(cmd *cobra.Command) error {
	switch {
	case o.json:
		o.format = "json"
	case o.html:
		o.format = "html"
	}
	if err := checkChoice("format", o.format, benchFormats...); err != nil {
		return err
	}
	if err := checkChoice("order", o.order, benchOrders...); err != nil {
		return err
	}
	if o.prefixBytes < -1 {
		return usageError("--prefix-bytes is %d; use a number of bytes, 0 for 512 MiB, or -1 to compute each pair whole", o.prefixBytes)
	}
	if o.against != "" {
		if err := checkChoice("against", o.against, catalog.Precisions(catalog.Native)...); err != nil {
			return err
		}
	}
	if cmd.Flags().Changed("output") && o.output == "" {
		return usageError("--output is empty")
	}
	seen := map[string]string{}
	for _, f := range []struct{ name, file string }{{"scores", o.scores}, {"results", o.results}, {"output", o.output}} {
		if other := seen[f.file]; f.file != "" && other != "" {
			return usageError("--%s and --%s name the same file, %s; give two", other, f.name, f.file)
		}
		seen[f.file] = f.name
	}
	return o.compute.check()
}

func runBench(cmd *cobra.Command, opts benchOptions) (err error) {
	if err := opts.check(cmd); err != nil {
		return err
	}
	data, task, err := openBenchData(opts)
	if err != nil {
		return err
	}
	if err := opts.target.fits(&opts, data); err != nil {
		return err
	}
	if opts.target.address == "" {
		if err := ensureModels(cmd, opts.model); err != nil {
			return err
		}
	}
	scorer, info, takes, err := openMeasured(cmd.Context(), opts, data.Pairs[0])
	if err != nil {
		return err
	}
	defer closeInto(&err, scorer)
	warnMeaningless(cmd.ErrOrStderr(), info)
	printWarnings(cmd.ErrOrStderr(), scorer)
	rec, err := newBenchRecorder(&opts, info, data)
	if err != nil {
		return err
	}
	if model, ok := scorer.(*local.Model); ok {
		rec.prefixes = model.Prefixes
	}
	result, err := measureBench(cmd, &opts, rec, scorer)
	if err != nil {
		return errors.Join(err, rec.close())
	}
	if takes != nil {
		takes.End = procstat.OwnResident()
	}
	judged := experiment.Instructed(scorer, opts.settings().Data)
	if !result.Partial {
		q, err := measureQuality(cmd.Context(), quality.ByQuery(judged, opts.target.api()), opts, data.Pairs, task,
			newProgress(cmd.ErrOrStderr()))
		if err != nil {
			return errors.Join(fmt.Errorf("measuring the quality: %w", err), rec.close())
		}
		if err := rec.quality(q, opts.against); err != nil {
			return errors.Join(err, rec.close())
		}
	}
	if err := errors.Join(rec.close(), writeBench(cmd, &opts, rec.res, takes)); err != nil {
		return err
	}
	if opts.scores != "" && !result.Partial {
		if err := saveScores(cmd.Context(), judged, data.Pairs, opts.load.batch, opts.scores); err != nil {
			return fmt.Errorf("writing the scores: %w", err)
		}
	}
	return benchFailure(result, &opts.load)
}

// benchFailure returns the error of a bench that was interrupted, or some of whose requests failed.
func benchFailure(result *load.Result, planned *benchLoad) error {
	if result.Partial {
		return planned.unfinished(result.Requests, result.Elapsed)
	}
	if n := result.Failed(); n > 0 {
		return fmt.Errorf("%d of %d requests failed, the first with: %w", n, result.Requests, result.FirstError)
	}
	return nil
}

// measureBench sends the requests and records them.
func measureBench(cmd *cobra.Command, opts *benchOptions, rec *benchRecorder, scorer closingScorer) (*load.Result, error) {
	bar := newProgress(cmd.ErrOrStderr())
	bar.quiet = opts.interval > 0
	bar.begin(strings.ReplaceAll(rec.m.Configuration.Name(), "=", " "))
	cfg := rec.load
	cfg.Template.TopN = opts.topN
	if opts.interval > 0 {
		cfg.Interval, cfg.Every = (&interim{bar: bar, every: opts.interval}).print, opts.interval
	}
	cfg.Record = rec.request
	cfg.Progress = func(u load.Progress) {
		if !u.Warmup && u.Done == 0 {
			rec.began()
		}
		bar.update(u)
	}
	end, result, err := experiment.Measure(cmd.Context(), experiment.Sending(scorer, opts.settings().Data), rec.m.Configuration, cfg)
	bar.end()
	if end.Invalid != "" {
		fmt.Fprintf(cmd.ErrOrStderr(), "warning: the load was not what was asked for: %s\n", end.Invalid)
	}
	rec.measured(end, result)
	if conn, ok := scorer.(*client.Client); ok && err == nil && experiment.HasHistory(opts.settings().Target) {
		if lost := rec.history(cmd.Context(), conn, result); lost != nil {
			fmt.Fprintf(cmd.ErrOrStderr(), "warning: the results have no figures of the server's own: %v\n", lost)
		}
	}
	return result, errors.Join(err, rec.ended())
}

// benchSeed chooses the synthetic pairs: those of experiment 01.
const benchSeed = 42

// openBenchData gives the pairs to be sent, and the collection to be ranked if there is one.
func openBenchData(opts benchOptions) (*dataset.Set, *quality.Task, error) {
	var task *quality.Task
	if opts.collection != "" {
		var err error
		if task, err = quality.OpenTask(dataset.Files{Dir: opts.collection}, opts.candidates); err != nil {
			return nil, nil, err
		}
		if opts.pairs == "" {
			return task.Set(), task, nil
		}
	}
	data, err := experiment.OpenData(opts.settings().Data)
	return data, task, err
}

// closingScorer is a model in this process or a connection to a server.
type closingScorer interface {
	crossrank.Scorer
	io.Closer
}

func openScorer(ctx context.Context, opts benchOptions) (closingScorer, crossrank.Info, error) {
	if opts.target.address == "" {
		model, err := local.Open(opts.model, local.Options{
			Threads: opts.threads, Backend: opts.compute.backend, Device: opts.compute.device, Quantization: opts.compute.precision,
			PrefixBytes: opts.prefixBytes,
		})
		if err != nil {
			return nil, crossrank.Info{}, err
		}
		info := model.Info()
		info.Version = programVersion()
		return model, info, nil
	}
	conn, info, err := opts.target.connect(ctx, opts.target.address, opts.model, 0)
	if err != nil {
		return nil, info, err
	}
	return conn, info, nil
}

// saveScores scores every pair once and writes the logits, one per line, each as the shortest text
// that reads back as the same float32.
func saveScores(ctx context.Context, s crossrank.Scorer, pairs []crossrank.Pair, batch int, name string) (err error) {
	scores, err := quality.Logits(ctx, s, pairs, batch)
	if err != nil {
		return err
	}
	var text []byte
	for _, score := range scores {
		text = append(strconv.AppendFloat(text, score, 'g', -1, 32), '\n')
	}
	return outfile.Write(name, text)
}
