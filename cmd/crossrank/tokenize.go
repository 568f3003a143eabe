package main

import (
	"bufio"
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/checkpoint"
	"github.com/crossrank/crossrank/internal/scoring"
)

type tokenizeOptions struct {
	model       string
	input       string
	instruction string
	maxLength   int
}

func newTokenizeCommand() *cobra.Command {
	var opts tokenizeOptions
	cmd := &cobra.Command{
		Use:   "tokenize --model M [--input FILE]",
		Short: "Show the tokens of pairs: JSON lines in, JSON lines out",
		Long: `Tokenize reads one pair per line, {"query": "…", "passage": "…"}, and writes one line per pair, in
the same order: {"ids": […], "type_ids": […], "tokens": […]}. The special tokens and the model's
prompt are included, with its default instruction or --instruction if it has a place for one, and
the pair is truncated to --max-length as scoring truncates it. A type id is 0 for the query's side
and 1 for the passage's. Blank lines are skipped. Tokenize reads the model's vocabulary, not its
weights.`,
		Example: `  $ crossrank tokenize --model ./ms-marco-MiniLM-L-6-v2 --input pairs.jsonl
  $ echo '{"query": "k2", "passage": "a mountain"}' |
      crossrank tokenize -m builtin:minilm-l6 --max-length 64
  $ crossrank tokenize -m ./Qwen3-Reranker-0.6B -i pairs.jsonl --instruction "Find the cause"`,
		RunE: func(cmd *cobra.Command, _ []string) error { return runTokenize(cmd, opts) },
	}
	requireModel(cmd, &opts.model)
	pairsFlag(cmd, &opts.input)
	maxLengthFlag(cmd, &opts.maxLength)
	instructionFlag(cmd, &opts.instruction)
	return cmd
}

func runTokenize(cmd *cobra.Command, opts tokenizeOptions) error {
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
	reading, err := openReading(opts.model)
	if err != nil {
		return err
	}
	if opts.instruction != "" {
		if reading.Prompt.BeforeInstruction == "" {
			return fmt.Errorf("model %s takes no instruction: it has no prompt template with a place for one; leave --instruction out", opts.model)
		}
		reading.Prompt.Instruction = opts.instruction
	}
	if opts.maxLength > 0 {
		reading.MaxLength = min(reading.MaxLength, opts.maxLength)
	}

	out := bufio.NewWriter(cmd.OutOrStdout())
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	for pairs, err := range scoring.Chunks(cmd.Context(), lines.Pair) {
		if err != nil {
			return err
		}
		for _, pair := range pairs {
			if err := enc.Encode(encode(reading, pair)); err != nil {
				return err
			}
		}
		if err := out.Flush(); err != nil {
			return err
		}
	}
	return nil
}

// encodedPair is a line of the output.
type encodedPair struct {
	IDs     []int32  `json:"ids"`
	TypeIDs []int32  `json:"type_ids"`
	Tokens  []string `json:"tokens"`
}

func encode(r checkpoint.Reading, pair crossrank.Pair) encodedPair {
	ids, split := r.Pair(nil, pair.Query, pair.Passage)
	line := encodedPair{IDs: ids, TypeIDs: make([]int32, len(ids)), Tokens: make([]string, len(ids))}
	for i, id := range ids {
		if i >= split {
			line.TypeIDs[i] = 1
		}
		line.Tokens[i] = r.Tokenizer.Token(id)
	}
	return line
}
