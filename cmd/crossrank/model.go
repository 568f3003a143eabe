package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/crossrank/crossrank"
)

// minLength is the shortest pair there is: [CLS], [SEP], [SEP].
const minLength = 3

// modelUsage is the help of every --model flag.
const modelUsage = "a model's directory, or builtin:minilm-l6 (random weights)"

// requireModel gives cmd a --model that must be set.
func requireModel(cmd *cobra.Command, name *string) {
	cmd.Flags().StringVarP(name, "model", "m", "", modelUsage)
	if err := cmd.MarkFlagRequired("model"); err != nil {
		panic(err) // the flag is on the line above
	}
}

// maxLengthFlag gives cmd a --max-length, to be checked with checkMaxLength.
func maxLengthFlag(cmd *cobra.Command, n *int) {
	cmd.Flags().IntVar(n, "max-length", 0, "cut pairs to this many tokens, special tokens included (0: the model's own maximum)")
}

func checkMaxLength(n int) error {
	if n != 0 && n < minLength {
		return usageError("--max-length is %d; a pair has at least the %d tokens [CLS] [SEP] [SEP] (0: the model's own maximum)",
			n, minLength)
	}
	return nil
}

// warnMeaningless tells people, on w, that the scores of a model with random weights mean nothing.
func warnMeaningless(w io.Writer, info crossrank.Info) {
	if info.Meaningless {
		fmt.Fprintf(w, "note: %s has %s: its scores mean nothing\n", info.Model, info.Weights)
	}
}
