package main

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/crossrank/crossrank/internal/dataset"
)

// input is the lines of a file or of standard input. Close it at the end.
type input struct {
	*dataset.Lines
	io.Closer
}

// openInput opens a file, or cmd's standard input if name is "-".
func openInput(cmd *cobra.Command, name string) (*input, error) {
	if name == "-" {
		in := io.NopCloser(cmd.InOrStdin())
		return &input{dataset.NewLines(in, "standard input"), in}, nil
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("opening the input: %w", err)
	}
	return &input{dataset.NewLines(f, name), f}, nil
}

// checkInputs holds that the files can be opened, before a model is.
func checkInputs(names []string) error {
	for _, name := range names {
		if name == "-" {
			continue
		}
		f, err := os.Open(name)
		if err != nil {
			return fmt.Errorf("opening the input: %w", err)
		}
		if err := f.Close(); err != nil {
			return err
		}
	}
	return nil
}
