package main

import (
	"io"

	"github.com/spf13/cobra"

	"github.com/crossrank/crossrank"
)

type scoreOptions struct {
	scorer    scorerFlags
	rows      rowFlags
	input     string
	raw       bool
	maxLength int

	instruction string
}

func newScoreCommand() *cobra.Command {
	var opts scoreOptions
	cmd := &cobra.Command{
		Use:   "score --model M [FILE...]",
		Short: "Score the pairs of files: JSON lines, CSV, TSV or Parquet",
		Long: `Score reads a pair from each row of the files, or of standard input, and writes a row for each,
in the same order. The columns query and passage have the texts; either may be empty. The format of
a file follows from its extension, .jsonl, .csv, .tsv or .parquet, and .gz or .zst after it. The
output has the format that its own extension says, or else that of the inputs.

Of JSON lines, {"query": "…", "passage": "…"}, the output is {"index": 0, "score": 0.93}: the index
counts the rows of all inputs from 0; blank lines are skipped and do not count. The rows of a table
keep their columns, followed by the score. --keep chooses others.

Rows are scored as they arrive, in constant memory, so an input may be endless. A row that cannot be
read ends the run with an error that names file and line, after the scores of the rows before it;
with --rejects it goes to a file and the run goes on.

With --output, rows are written to FILE.part until all are there. A run that was interrupted or
killed goes on with --resume, and the output is the same as without the interruption.`,
		Example: `  $ crossrank score --model ./ms-marco-MiniLM-L-6-v2 pairs.jsonl > scores.jsonl
  $ echo '{"query": "capital of France", "passage": "Paris is the capital."}' |
      crossrank score -m builtin:minilm-l6
  $ crossrank score -m ./model pairs-*.csv.gz --query-column q --passage-column text -o all.parquet
  $ crossrank score -m ./model pairs.parquet -o scored.parquet --rejects bad.jsonl --resume
  $ crossrank score --target grpc://10.0.0.1:50051,10.0.0.2:50051 pairs.jsonl -o scores.jsonl.zst`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.rows.files = args
			return runScore(cmd, opts)
		},
	}
	opts.scorer.register(cmd)
	opts.rows.register(cmd)
	cmd.Flags().StringVarP(&opts.input, "input", "i", "", "file of pairs, as one without a flag; - = standard input")
	cmd.Flags().BoolVar(&opts.raw, "raw", false, "logits instead of activated scores")
	maxLengthFlag(cmd, &opts.maxLength)
	instructionFlag(cmd, &opts.instruction)
	return cmd
}

func runScore(cmd *cobra.Command, opts scoreOptions) (err error) {
	if opts.input != "" {
		opts.rows.files = append([]string{opts.input}, opts.rows.files...)
	}
	if len(opts.rows.files) == 0 {
		opts.rows.files = []string{"-"}
	}
	for _, check := range []func() error{
		func() error { return opts.scorer.check(cmd) },
		func() error { return checkMaxLength(opts.maxLength) },
		opts.rows.check,
		func() error { return checkInputs(opts.rows.files) },
	} {
		if err := check(); err != nil {
			return err
		}
	}
	scorer, info, err := opts.scorer.open(cmd)
	if err != nil {
		return err
	}
	defer closeInto(&err, scorer)
	run := opts.rows.options(cmd)
	run.Request = crossrank.Request{Raw: opts.raw, MaxLength: opts.maxLength, Instruction: opts.instruction}
	run.Settings = opts.scorer.settings(info)
	if run.InFlight == 0 && opts.scorer.target.address != "" {
		run.InFlight = 8
	}
	return scoreRows(cmd, scorer, run)
}

// closeInto closes c at the end of a function and reports its error if there is no earlier one.
func closeInto(err *error, c io.Closer) {
	if closeErr := c.Close(); *err == nil {
		*err = closeErr
	}
}
