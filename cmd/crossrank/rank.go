package main

import (
	"bufio"
	"context"
	"encoding/json"

	"github.com/spf13/cobra"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/local"
)

type rankOptions struct {
	model string
	query string
	topN  int
	input string

	instruction string
}

func newRankCommand() *cobra.Command {
	opts := rankOptions{input: "-"}
	cmd := &cobra.Command{
		Use:   "rank --model M --query Q [FILE]",
		Short: "Order documents by their relevance to a query, best first",
		Long: `Rank reads one document per line from FILE, or from standard input if FILE is - or absent. It
writes them best first, one JSON object per line: {"index": 2, "score": 0.93, "document": "…"}.
The index counts the documents from 0 in the order of the input; blank lines are skipped and do
not count. Documents with equal scores keep their order.`,
		Example: `  $ crossrank rank --model ./ms-marco-MiniLM-L-6-v2 --query "how tall is K2" --top-n 3 passages.txt
  $ printf 'Paris\nRome\n' | crossrank rank -m builtin:minilm-l6 -q "capital of France"`,
		Args: optionalArgument,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				opts.input = args[0]
			}
			return runRank(cmd, opts)
		},
	}
	requireModel(cmd, &opts.model)
	cmd.Flags().StringVarP(&opts.query, "query", "q", "", "query that the documents are ranked by")
	cmd.Flags().IntVarP(&opts.topN, "top-n", "n", 0, "max documents to output, best first; 0 = all")
	require(cmd, "query")
	instructionFlag(cmd, &opts.instruction)
	return cmd
}

func runRank(cmd *cobra.Command, opts rankOptions) (err error) {
	if opts.query == "" {
		return usageError("--query is empty; give the query to rank the documents by")
	}
	if err := checkAtLeast("top-n", opts.topN, 0); err != nil {
		return err
	}
	lines, err := openInput(cmd, opts.input)
	if err != nil {
		return err
	}
	defer lines.Close()
	if err := ensureModels(cmd, opts.model); err != nil {
		return err
	}
	model, err := local.Open(opts.model, local.Options{})
	if err != nil {
		return err
	}
	defer closeInto(&err, model)
	warnMeaningless(cmd.ErrOrStderr(), model.Info())

	documents, scores, err := scoreDocuments(cmd.Context(), model, opts, lines)
	if err != nil {
		return err
	}
	return writeRanking(cmd, documents, crossrank.Order(scores, opts.topN))
}

// scoreDocuments scores every document of lines against the query while the next ones are read.
func scoreDocuments(ctx context.Context, s crossrank.Scorer, opts rankOptions, lines *input) ([]string, []float32, error) {
	var documents []string
	var scores []float32
	for chunk, err := range chunks(ctx, lines.Text) {
		if err != nil {
			return nil, nil, err
		}
		req := &crossrank.Request{Instruction: opts.instruction}
		for _, document := range chunk {
			req.Pairs = append(req.Pairs, crossrank.Pair{Query: opts.query, Passage: document})
		}
		resp, err := s.Score(ctx, req)
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
