package main

import (
	"fmt"
	"io"
	"os"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/checkpoint"
	"github.com/crossrank/crossrank/internal/config"
	"github.com/crossrank/crossrank/internal/hub"
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

// servedModels gives the names of the models that settings ask for.
func servedModels(s config.Settings) (names []string) {
	for _, one := range s.Served() {
		names = append(names, one.Model)
	}
	return names
}

// openReading opens how a model reads text, by any name that a model has.
func openReading(model string) (checkpoint.Reading, error) {
	at, err := hub.Locate(model, os.Getenv)
	if err != nil {
		return checkpoint.Reading{}, err
	}
	return checkpoint.OpenTokenizer(at.Path)
}
