package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"

	"github.com/spf13/cobra"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/local"
)

type scoreOptions struct {
	model     string
	input     string
	raw       bool
	maxLength int

	instruction string
}

func newScoreCommand() *cobra.Command {
	var opts scoreOptions
	cmd := &cobra.Command{
		Use:   "score --model M [--input FILE]",
		Short: "Score pairs: JSON lines in, JSON lines out",
		Long: `Score reads one pair per line, {"query": "…", "passage": "…"}, and writes one line per pair, in
the same order: {"index": 0, "score": 0.93}. The index counts the pairs from 0; blank lines are
skipped and do not count. Either text may be empty. Other keys are ignored.

Pairs are scored as they arrive, in constant memory, so the input may be endless. An invalid line
ends the run with an error that names the line, after the scores of the pairs before it.`,
		Example: `  $ crossrank score --model ./ms-marco-MiniLM-L-6-v2 --input pairs.jsonl > scores.jsonl
  $ echo '{"query": "capital of France", "passage": "Paris is the capital."}' |
      crossrank score -m builtin:minilm-l6`,
		RunE: func(cmd *cobra.Command, _ []string) error { return runScore(cmd, opts) },
	}
	requireModel(cmd, &opts.model)
	pairsFlag(cmd, &opts.input)
	cmd.Flags().BoolVar(&opts.raw, "raw", false, "logits instead of activated scores")
	maxLengthFlag(cmd, &opts.maxLength)
	instructionFlag(cmd, &opts.instruction)
	return cmd
}

func runScore(cmd *cobra.Command, opts scoreOptions) (err error) {
	if err := checkMaxLength(opts.maxLength); err != nil {
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

	out := bufio.NewWriter(cmd.OutOrStdout())
	index := 0
	for pairs, err := range chunks(cmd.Context(), lines.Pair) {
		if err != nil {
			return err
		}
		scores, err := scorePairs(cmd.Context(), model, pairs, opts)
		if err != nil {
			return err
		}
		if err := writeScores(out, index, scores); err != nil {
			return err
		}
		index += len(pairs)
	}
	return nil
}

func scorePairs(ctx context.Context, s crossrank.Scorer, pairs []crossrank.Pair, opts scoreOptions) ([]float32, error) {
	resp, err := s.Score(ctx, &crossrank.Request{
		Pairs: pairs, Raw: opts.raw, MaxLength: opts.maxLength, Instruction: opts.instruction,
	})
	if err != nil {
		return nil, err
	}
	return resp.Scores, nil
}

// writeScores writes a line for each score and sends them on their way; the first has the given
// index.
func writeScores(out *bufio.Writer, index int, scores []float32) error {
	enc := json.NewEncoder(out)
	for i, score := range scores {
		line := struct {
			Index int     `json:"index"`
			Score float32 `json:"score"`
		}{index + i, score}
		if err := enc.Encode(line); err != nil {
			return err
		}
	}
	return out.Flush()
}

// closeInto closes c at the end of a function and reports its error if there is no earlier one.
func closeInto(err *error, c io.Closer) {
	if closeErr := c.Close(); *err == nil {
		*err = closeErr
	}
}
