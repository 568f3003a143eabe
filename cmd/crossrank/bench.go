package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/config"
	"github.com/crossrank/crossrank/internal/dataset"
	"github.com/crossrank/crossrank/internal/definition"
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
	oneQuery    bool
	batch       int
	concurrency int
	requests    int
	warmup      int
	threads     int
	precision   string
	against     string
	order       string
	json        bool
	format      string
	scores      string
	results     string
	collection  string
	candidates  int
}

func newBenchCommand() *cobra.Command {
	var opts benchOptions
	cmd := &cobra.Command{
		Use:   "bench [--model M | --target URL] [--pairs FILE]",
		Short: "Measure how fast a model or a server scores",
		Long: `Bench sends requests of --batch pairs to a model in this process, or to a server, and reports
throughput and latency. The loop is closed: each of --concurrency workers sends its next request
when its last one is answered.

The pairs come from FILE, one JSON object {"query": "…", "passage": "…"} per line, or are
synthetic: words of random lengths like those of web search. Requests take consecutive pairs and
start over at the end. With --order sorted the pairs are sorted by their tokens first, and a run
of fewer requests than there are pairs takes evenly spaced ones.

A third-party server can be measured: --dialect names its API, and --model then names the model to
ask for. APIs that rank documents accept one query per request: with --one-query each request
scores all of its passages against the query of its first pair. Every target supports that, so all
can have the same load.

With --against, all pairs are also scored in a second precision. The output shows how far the
logits differ and whether both rank passages alike. The comparison is not part of the timing.

With --collection, bench measures quality beside speed: for each query of a judged collection it
reranks the documents that BM25 ranks highest, and reports nDCG@10 and MRR@10 as trec_eval
computes them. DIR holds docs.jsonl ({"id", "title", "text"} per line), queries.tsv (id, text) and
qrels.tsv (query, document, grade; 1 or more is relevant), or the files of BEIR. Without --pairs,
speed is measured on the same pairs.

The measurement goes to standard output: as a table, as one JSON object with --format json (or
--json), or as Go benchmarks are printed with --format bench, for benchstat over several runs.
With --results, every request is also written to a results file, which report and compare read as
those of an experiment. Progress goes to standard error. Ctrl-C ends the run and keeps what was
measured; the output then says partial, and the exit code is 1.`,
		Example: `  $ crossrank bench
  $ crossrank bench --model ./ms-marco-MiniLM-L-6-v2 --pairs pairs.jsonl --batch 64 --json
  $ crossrank bench --model ./ms-marco-MiniLM-L-6-v2 --quantization int8 --against fp32
  $ crossrank bench --model ./ms-marco-MiniLM-L-6-v2 --collection ./beir/scifact
  $ crossrank bench --results bench.jsonl && crossrank report bench.jsonl
  $ for i in 1 2 3 4 5 6; do crossrank bench --format bench >> before.txt; done
  $ crossrank bench --target grpc://127.0.0.1:50051 --concurrency 4 --requests 1000
  $ crossrank bench --target http://127.0.0.1:8080 --dialect tei --one-query --concurrency 4
  $ crossrank bench --target https://api.cohere.com:443 --dialect cohere --model rerank-v3.5 \
      --api-key-env CO_API_KEY --one-query`,
		RunE: func(cmd *cobra.Command, _ []string) error { return runBench(cmd, opts) },
	}
	f := cmd.Flags()
	f.StringVarP(&opts.model, "model", "m", config.BuiltinModel, modelUsage+"; with --target, name of the server's model")
	pullFlag(cmd)
	opts.target.register(cmd)
	f.BoolVar(&opts.oneQuery, "one-query", false, "one query per request: that of its first pair, for all of its passages")
	f.StringVar(&opts.pairs, "pairs", "", "JSONL file of pairs; empty = synthetic pairs")
	f.IntVarP(&opts.batch, "batch", "b", 32, "pairs per request")
	f.IntVarP(&opts.concurrency, "concurrency", "c", 1, "concurrent requests")
	f.IntVarP(&opts.requests, "requests", "n", 100, "number of requests to measure")
	f.IntVar(&opts.warmup, "warmup", 5, "number of requests sent before those that are measured")
	f.IntVar(&opts.threads, "threads", 0, "threads per batch; 0 = all cores (not with --target)")
	f.StringVar(&opts.precision, "quantization", "fp32", "precision of the linear layers: fp32, fp16, bf16 or int8 (not with --target)")
	f.StringVar(&opts.against, "against", "", "second precision whose logits are compared: fp32, fp16, bf16 or int8 (not with --target)")
	f.StringVar(&opts.order, "order", "as-is", "order of the pairs: as-is, or sorted by length (not with --target)")
	f.StringVar(&opts.format, "format", "table", "output format: table, json or bench")
	f.BoolVar(&opts.json, "json", false, "short form of --format json")
	cmd.MarkFlagsMutuallyExclusive("json", "format")
	f.StringVar(&opts.scores, "scores", "", "output file for the logits of all pairs, one per line in order")
	f.StringVar(&opts.results, "results", "", "results file to write, one line per request, for report and compare; empty = none")
	f.StringVar(&opts.collection, "collection", "", "folder of a judged collection to measure quality on")
	f.IntVar(&opts.candidates, "candidates", 50, "number of documents to rerank per query of the collection")
	cmd.MarkFlagsMutuallyExclusive("pull", "target")
	cmd.MarkFlagsMutuallyExclusive("threads", "target")
	cmd.MarkFlagsMutuallyExclusive("quantization", "target")
	cmd.MarkFlagsMutuallyExclusive("against", "target")
	cmd.MarkFlagsMutuallyExclusive("order", "target")
	return cmd
}

func (o *benchOptions) check(cmd *cobra.Command) error {
	if err := o.target.check(cmd); err != nil {
		return err
	}
	if o.target.address != "" && !cmd.Flags().Changed("model") {
		o.model = "" // the server's own choice
	}
	for _, f := range []struct {
		name               string
		value, least, most int
	}{ // the limits of an experiment
		{"batch", o.batch, 1, 65536},
		{"concurrency", o.concurrency, 1, 4096},
		{"requests", o.requests, 1, 1_000_000_000},
		{"warmup", o.warmup, 0, 1_000_000},
		{"threads", o.threads, 0, math.MaxInt}, // local.Open knows the maximum of this machine
		{"candidates", o.candidates, 1, 65536},
	} {
		if err := checkRange(f.name, f.value, f.least, f.most); err != nil {
			return err
		}
	}
	if o.json {
		o.format = "json"
	}
	if err := checkChoice("format", o.format, benchFormats...); err != nil {
		return err
	}
	if err := checkChoice("order", o.order, benchOrders...); err != nil {
		return err
	}
	if o.against != "" {
		if err := checkPrecision("against", o.against); err != nil {
			return err
		}
	}
	if o.scores != "" && o.scores == o.results {
		return usageError("--scores and --results name the same file, %s; give two", o.scores)
	}
	return checkPrecision("quantization", o.precision)
}

func runBench(cmd *cobra.Command, opts benchOptions) (err error) {
	if err := opts.check(cmd); err != nil {
		return err
	}
	data, task, err := openBenchData(opts)
	if err != nil {
		return err
	}
	if err := opts.target.fits(opts, data); err != nil {
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
	result, err := measureBench(cmd, &opts, rec, scorer, data)
	if err != nil {
		return errors.Join(err, rec.close())
	}
	if takes != nil {
		takes.End = procstat.OwnResident()
	}
	if !result.Partial {
		q, err := measureQuality(cmd.Context(), quality.ByQuery(scorer, opts.target.api()), opts, data.Pairs, task)
		if err != nil {
			return errors.Join(fmt.Errorf("measuring the quality: %w", err), rec.close())
		}
		if err := rec.quality(q, opts.against); err != nil {
			return errors.Join(err, rec.close())
		}
	}
	if err := errors.Join(rec.close(), newBenchResult(rec.res, &opts, takes).write(cmd.OutOrStdout(), opts.format)); err != nil {
		return err
	}
	if opts.scores != "" && !result.Partial {
		if err := saveScores(cmd.Context(), scorer, data.Pairs, opts.batch, opts.scores); err != nil {
			return fmt.Errorf("writing the scores: %w", err)
		}
	}
	return benchFailure(result, opts.requests)
}

// benchFailure returns the error of a bench that was interrupted, or some of whose requests failed.
func benchFailure(result *load.Result, planned int) error {
	if result.Partial {
		return fmt.Errorf("interrupted after %d of %d requests", result.Requests, planned)
	}
	if n := result.Failed(); n > 0 {
		return fmt.Errorf("%d of %d requests failed, the first with: %w", n, result.Requests, result.FirstError)
	}
	return nil
}

// measureBench sends the requests and records them.
func measureBench(cmd *cobra.Command, opts *benchOptions, rec *benchRecorder, scorer crossrank.Scorer, data *dataset.Set) (*load.Result, error) {
	pairs := data.Pairs
	if opts.order == "sorted" {
		var err error
		if pairs, err = sortedByLength(opts.model, pairs, opts.batch, opts.requests); err != nil {
			return nil, err
		}
	}
	if opts.oneQuery {
		scorer = experiment.OneQuery{Scorer: scorer}
	}
	bar := newProgress(cmd.ErrOrStderr())
	bar.begin(fmt.Sprintf("batch %d, concurrency %d", opts.batch, opts.concurrency))
	result, err := load.Run(cmd.Context(), scorer, load.Config{
		Pairs: pairs, Batch: opts.batch, Concurrency: opts.concurrency,
		Requests: opts.requests, Warmup: opts.warmup,
		Record: rec.request,
		Progress: func(u load.Progress) {
			if !u.Warmup && u.Done == 0 {
				rec.began()
			}
			bar.update(u)
		},
	})
	bar.end()
	return result, errors.Join(err, rec.measured(result, err))
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
	data, err := experiment.OpenData(definition.Data{Path: opts.pairs, Seed: benchSeed})
	return data, task, err
}

// closingScorer is a model in this process or a connection to a server.
type closingScorer interface {
	crossrank.Scorer
	io.Closer
}

func openScorer(ctx context.Context, opts benchOptions) (closingScorer, crossrank.Info, error) {
	if opts.target.address == "" {
		model, err := local.Open(opts.model, local.Options{Threads: opts.threads, Quantization: opts.precision})
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
