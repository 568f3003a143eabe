// Command families computes the fixtures of every family of models, and writes the table of
// families in docs/models.md.
//
//	go run ./internal/tools/families [-material DIR]
//	go run ./internal/tools/families -render
//
// A fixture is a small model with random weights, and sequences with the logits that a reference
// computes in float64. Those of the reference implementations lie beside the project, see
// internal/material; those of this repository in internal/checkpoint/testdata/families. For each of
// them the largest difference becomes a line of the results file. How fast a family is comes from
// other files, which internal/tools/peers writes for one family at a time. The table is made from
// these files alone, so -render makes it again without computing.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/crossrank/crossrank/internal/tools/docgen"
)

// results is the folder of the results: errors.jsonl, and of each family that was measured
// KEY.jsonl.
var results = filepath.Join("docs", "families")

func main() {
	err := run(os.Args[1:], os.Stderr)
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "families:", err)
		os.Exit(1)
	}
}

func run(args []string, log io.Writer) error {
	f := flag.NewFlagSet("families", flag.ContinueOnError)
	f.SetOutput(log)
	material := f.String("material", filepath.Join("..", "shared", "material"), "`folder` with fixtures/")
	render := f.Bool("render", false, "only make the documentation from the results")
	if err := f.Parse(args); err != nil {
		return err
	}
	if f.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", f.Arg(0))
	}
	if !*render {
		records, err := computeAll([]string{
			filepath.Join(*material, "fixtures"), filepath.Join("internal", "checkpoint", "testdata", "families"),
		}, log)
		if err != nil {
			return err
		}
		if err := docgen.WriteRecords(filepath.Join(results, errorsFile), records); err != nil {
			return err
		}
	}
	text, err := page(results)
	if err != nil {
		return err
	}
	return part.Update(filepath.Join("docs", "models.md"), text)
}
