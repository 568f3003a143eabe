package main

import (
	"bufio"
	"context"
	"encoding/json"

	"github.com/spf13/cobra"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/rows"
	"github.com/crossrank/crossrank/internal/scoring"
)

type rankOptions struct {
	scorer    scorerFlags
	rows      rowFlags
	query     string
	topN      int
	maxLength int

	instruction string
}

func newRankCommand() *cobra.Command {
	var opts rankOptions
	cmd := &cobra.Command{
		Use:   "rank --model M [--query Q] [FILE...]",
		Short: "Order documents by their relevance to queries, best first",
		Long: `With --query, rank reads one document per line from FILE, or from standard input if FILE is - or
absent. It writes them best first, one JSON object per line: {"index": 2, "score": 0.93,
"document": "…"}. The index counts the documents from 0 in the order of the input; blank lines are
skipped and do not count. Documents with equal scores keep their order.

Without --query, rank reads files of rows as crossrank score does: JSON lines, CSV, TSV or Parquet
with the columns query and passage. Rows of one query must follow one another. They are written best
first, with their rank from 1 and their score; --top-n keeps the best of each query.`,
		Example: `  $ crossrank rank --model ./ms-marco-MiniLM-L-6-v2 --query "how tall is K2" --top-n 3 passages.txt
  $ printf 'Paris\nRome\n' | crossrank rank -m builtin:minilm-l6 -q "capital of France"
  $ crossrank rank -m ./model candidates.parquet --keep query_id,passage_id -n 10 -o top10.csv`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.rows.files = args
			if len(args) == 0 {
				opts.rows.files = []string{"-"}
			}
			return runRank(cmd, opts)
		},
	}
	opts.scorer.register(cmd)
	cmd.Flags().StringVarP(&opts.query, "query", "q", "", "query that lines of text are ranked by; default: the inputs are rows with a query each")
	cmd.Flags().IntVarP(&opts.topN, "top-n", "n", 0, "max documents to output per query, best first; 0 = all")
	opts.rows.register(cmd)
	maxLengthFlag(cmd, &opts.maxLength)
	instructionFlag(cmd, &opts.instruction)
	return cmd
}

func runRank(cmd *cobra.Command, opts rankOptions) (err error) {
	for _, check := range []func() error{
		func() error { return opts.scorer.check(cmd) },
		func() error { return opts.checkQuery(cmd) },
		func() error { return checkAtLeast("top-n", opts.topN, 0) },
		func() error { return checkMaxLength(opts.maxLength) },
		opts.rows.check,
		func() error { return checkInputs(opts.rows.files) },
	} {
		if err := check(); err != nil {
			return err
		}
	}
	if opts.query == "" {
		return rankRows(cmd, opts)
	}
	lines, err := openInput(cmd, opts.rows.files[0])
	if err != nil {
		return err
	}
	defer lines.Close()
	scorer, _, err := opts.scorer.open(cmd)
	if err != nil {
		return err
	}
	defer closeInto(&err, scorer)
	documents, scores, err := scoreDocuments(cmd.Context(), scorer, opts, lines)
	if err != nil {
		return err
	}
	return writeRanking(cmd, documents, crossrank.Order(scores, opts.topN))
}

// checkQuery holds that either a query is given, or the inputs are rows with queries.
func (o rankOptions) checkQuery(cmd *cobra.Command) error {
	if !cmd.Flags().Changed("query") {
		_, known := rows.KindOf(o.rows.files[0])
		if !known && o.rows.inputFormat == "" {
			return usageError("--query is required to rank lines of text; files of rows with a query each need an extension such as .csv, or --input-format")
		}
		return nil
	}
	if o.query == "" {
		return usageError("--query is empty; give the query to rank the documents by")
	}
	if err := noMore(o.rows.files[1:]); err != nil {
		return usageError("%w", err)
	}
	return onlyFlags(cmd, "query", "model", "pull", "backend", "device", "quantization", "special-tokens", "target", "dialect", "api-key-env", "ca-file",
		"top-n", "max-length", "instruction")
}

// rankRows ranks the rows of each query.
func rankRows(cmd *cobra.Command, opts rankOptions) (err error) {
	scorer, info, err := opts.scorer.open(cmd)
	if err != nil {
		return err
	}
	defer closeInto(&err, scorer)
	run := opts.rows.options(cmd)
	run.Rank, run.Top = true, opts.topN
	run.Request = crossrank.Request{MaxLength: opts.maxLength, Instruction: opts.instruction}
	run.Settings = opts.scorer.settings(info)
	if run.InFlight == 0 && opts.scorer.target.address != "" {
		run.InFlight = 8
	}
	return scoreRows(cmd, scorer, run)
}

// scoreDocuments scores every document of lines against the query while the next ones are read.
func scoreDocuments(ctx context.Context, s crossrank.Scorer, opts rankOptions, lines *input) ([]string, []float32, error) {
	var documents []string
	var scores []float32
	for chunk, err := range scoring.Chunks(ctx, lines.Text) {
		if err != nil {
			return nil, nil, err
		}
		resp, err := s.Score(ctx, &crossrank.Request{
			Pairs: crossrank.Pairs(opts.query, chunk), MaxLength: opts.maxLength, Instruction: opts.instruction, TopN: opts.topN,
		})
		if err != nil {
			return nil, nil, err
		}
		documents = append(documents, chunk...)
		scores = append(scores, resp.Scores...)
	}
	return documents, scores, nil
}

func writeRanking(cmd *cobra.Command, documents []string, ranking []crossrank.Ranked) error {
	out := bufio.NewWriter(cmd.OutOrStdout())
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	for _, r := range ranking {
		line := struct {
			Index    int     `json:"index"`
			Score    float32 `json:"score"`
			Document string  `json:"document"`
		}{r.Index, r.Score, documents[r.Index]}
		if err := enc.Encode(line); err != nil {
			return err
		}
	}
	return out.Flush()
}
