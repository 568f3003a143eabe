package main

import (
	"fmt"
	"io"

	"github.com/crossrank/crossrank"
)

// warnMeaningless notes for people, on w, that the scores of a model with random weights mean nothing.
func warnMeaningless(w io.Writer, info crossrank.Info) {
	if info.Meaningless {
		fmt.Fprintf(w, "note: %s has %s: its scores mean nothing\n", info.Model, info.Weights)
	}
}
