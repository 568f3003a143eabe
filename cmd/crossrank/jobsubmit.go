package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/spf13/cobra"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/job"
	"github.com/crossrank/crossrank/internal/rows"
	"github.com/crossrank/crossrank/local"
)

type submitOptions struct {
	spec        job.Spec
	model       string
	compute     computeFlags
	format      string
	maxLength   int
	raw         bool
	instruction string
	price       float64
	rate        float64
}

func newJobSubmitCommand() *cobra.Command {
	var opts submitOptions
	cmd := &cobra.Command{
		Use:   "submit --model M --input FILE... --output FOLDER",
		Short: "Cut inputs into shards, for workers",
		Long: `Submit reads the inputs once, which finds each row that cannot be scored, and writes manifest.json
into the output folder. It opens the model to pin the hash of its weights: a worker with another
model, precision or length refuses to work. No score is kept yet.

Submit estimates what the job costs in core-hours. It scores rows from all over the job for up to
three seconds, and assumes that the cores of the workers are as fast as those here, or as --rate
says. crossrank job status knows more when the workers run.

Inputs are JSON lines, CSV, TSV or Parquet, by their extension, also compressed (.gz, .zst); paths,
or s3://bucket/key. A worker reads from the start of its shard, which it reaches in a compressed
file only by decompressing what is before it: large ones are better plain, Parquet, or many.

S3 is configured as for Amazon's tools: AWS_ENDPOINT_URL, AWS_REGION, and credentials from the
environment, from AWS_PROFILE, or from the machine, the container or the service account.

The same submission again continues the job, also after crossrank job cancel.`,
		Example: `  $ crossrank job submit -m ./model -i pairs.jsonl -o scores
  $ crossrank job submit -m ./model --quantization int8 --keep id --format parquet \
      -i s3://data/a.parquet -i s3://data/b.parquet -o s3://data/scores
  $ crossrank job submit -m ./model -i pairs.jsonl -o scores --price 0.04 --rate 110`,
		RunE: func(cmd *cobra.Command, _ []string) error { return runJobSubmit(cmd, opts) },
	}
	requireModel(cmd, &opts.model)
	f := cmd.Flags()
	f.StringArrayVarP(&opts.spec.Inputs, "input", "i", nil, "file of pairs, as a path or s3://bucket/key; may be repeated")
	require(cmd, "input")
	f.StringVarP(&opts.spec.Folder, "output", "o", "", "folder of the job, as a path or s3://bucket/prefix")
	require(cmd, "output")
	f.IntVar(&opts.spec.ShardRows, "shard-rows", 10_000, "max rows of a shard: what is lost with a worker, and what one process scores at a time")
	f.StringVar(&opts.format, "format", "jsonl", "format of the output: jsonl, csv, tsv or parquet; the first three also with .gz or .zst")
	f.StringVar(&opts.spec.Query, "query-column", "query", "column of the queries")
	f.StringVar(&opts.spec.Passage, "passage-column", "passage", "column of the passages")
	f.StringSliceVar(&opts.spec.Keep, "keep", nil, "columns copied from the input to the output, separated by commas")
	opts.compute.register(cmd, "")
	f.BoolVar(&opts.raw, "raw", false, "logits instead of activated scores")
	maxLengthFlag(cmd, &opts.maxLength)
	instructionFlag(cmd, &opts.instruction)
	f.DurationVar(&opts.spec.RedeliverAfter, "redeliver-after", 10*time.Second, "silence of a worker after which its shard goes to another")
	f.Float64Var(&opts.price, "price", 0, "price of a core-hour, in any currency; 0 = show core-hours alone")
	f.Float64Var(&opts.rate, "rate", 0, "rows per second and core of the workers, for the estimate; 0 = measured here")
	return cmd
}

func (o *submitOptions) check() (err error) {
	if err := checkMaxLength(o.maxLength); err != nil {
		return err
	}
	if err := o.compute.check(); err != nil {
		return err
	}
	if err := checkAtLeast("shard-rows", o.spec.ShardRows, 1); err != nil {
		return err
	}
	for name, n := range map[string]float64{"price": o.price, "rate": o.rate} {
		if !(n >= 0) || math.IsInf(n, 0) {
			return usageError("--%s is %v; it must be a number that is at least 0", name, n)
		}
	}
	if o.spec.RedeliverAfter < time.Second {
		return usageError("--redeliver-after is %s; it must be at least 1s", o.spec.RedeliverAfter)
	}
	if o.spec.Kind, err = rows.ParseKind(o.format); err != nil {
		return usageError("--format: %w", err)
	}
	return nil
}

func runJobSubmit(cmd *cobra.Command, opts submitOptions) (err error) {
	if err := opts.check(); err != nil {
		return err
	}
	if err := ensureModels(cmd, opts.model); err != nil {
		return err
	}
	options := opts.compute.options()
	options.MaxLength = opts.maxLength
	model, err := local.Open(opts.model, options)
	if err != nil {
		return err
	}
	defer closeInto(&err, model)
	info := model.Info()
	warnMeaningless(cmd.ErrOrStderr(), info)
	if err := opts.describe(cmd.Context(), model); err != nil {
		return err
	}
	bar := newProgress(cmd.ErrOrStderr())
	bar.begin("reading")
	opts.spec.Progress = func(rows int64, done float64) { bar.show(done, fmt.Sprintf("%d rows", rows), false) }
	started := time.Now()
	j, err := job.Submit(cmd.Context(), opts.spec)
	bar.end()
	if err != nil {
		return err
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "%d rows in %s of %s with %s (%s), read in %s; start workers: crossrank job work %s\n",
		j.Rows, plural(len(j.Shards), "shard"), plural(len(j.Inputs), "input"), info.Pinned(), info.Quantization,
		time.Since(started).Round(time.Millisecond), j.Folder())
	opts.estimate(cmd.Context(), cmd.ErrOrStderr(), j, model)
	_, err = fmt.Fprintln(cmd.OutOrStdout(), j.Folder())
	return err
}

// describe notes what the manifest says of the model.
func (o *submitOptions) describe(ctx context.Context, model *local.Model) error {
	o.spec.Model = job.Describe(pinnedName(o.model, model.Info()), model.Info())
	o.spec.Model.Raw, o.spec.Model.Instruction = o.raw, o.instruction
	if o.raw {
		o.spec.Model.ScoreType = crossrank.Logit
	}
	// A pair shows that the model can be asked what workers will ask it.
	_, err := model.Score(ctx, &crossrank.Request{Pairs: []crossrank.Pair{{}}, Raw: o.raw, Instruction: o.instruction})
	return err
}

// sampleTime is how long rows are scored to estimate the cost of a job.
const sampleTime = 3 * time.Second

// estimate writes what the job costs, by the given rate or a sample. Without an estimate the job is
// submitted all the same.
func (o *submitOptions) estimate(ctx context.Context, w io.Writer, j *job.Job, model crossrank.Scorer) {
	rate, origin := o.rate, "as --rate says"
	if rate == 0 {
		sample, err := j.Sample(ctx, model, sampleTime)
		if err != nil {
			fmt.Fprintf(w, "no estimate of the cost: %s\n", plainText(err.Error()))
			return
		}
		cores := runtime.GOMAXPROCS(0)
		rate = float64(sample.Rows) / sample.Time.Seconds() / float64(cores)
		origin = fmt.Sprintf("as %s took on %s here", plural(sample.Rows, "row"), plural(cores, "core"))
	}
	fmt.Fprintf(w, "about %s at %.4g rows/s per core, %s\n", cost(float64(j.Rows)/rate/3600, o.price), rate, origin)
}

// pinnedName is the name by which workers open a model: with the commit, if it is of the hub, and a
// path from the root.
func pinnedName(name string, info crossrank.Info) string {
	if info.Revision != "" {
		return info.Pinned()
	}
	if _, err := os.Stat(name); err == nil {
		if path, err := filepath.Abs(name); err == nil {
			return path
		}
	}
	return name
}
