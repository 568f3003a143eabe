package main

import (
	"fmt"
	"io"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/local"
)

// warnMeaningless notes for people, on w, that the scores of a model with random weights mean
// nothing.
func warnMeaningless(w io.Writer, info crossrank.Info) {
	if info.Meaningless {
		fmt.Fprintf(w, "note: %s has %s: its scores mean nothing\n", info.Model, info.Weights)
	}
}

// printWarnings shows people, on w, what a model in this process warns of.
func printWarnings(w io.Writer, s crossrank.Scorer) {
	if model, ok := s.(*local.Model); ok {
		for _, text := range model.Warnings() {
			fmt.Fprintf(w, "warning: %s\n", text)
		}
	}
}
