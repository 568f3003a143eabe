// Package scoring scores files of rows: any number of them, of any size, in constant memory.
//
// [Run] reads pairs from inputs, has them scored in chunks, some at the same time, and writes a row
// for each in the order of the inputs. Rows that cannot be read end the run or go to a file of
// their own. A run that was interrupted or killed can be resumed: its output is then, byte for
// byte, that of a run that was not.
//
// The output grows in a file beside it, FILE.part. Each time that some rows are complete on the
// disk there, a line in FILE.journal says so: how long the file is then, and which row of which
// input comes next. To resume is to cut the file to what the last line says and to go on from
// there. At the end FILE.part becomes FILE.
package scoring

import (
	"context"
	"io"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/rows"
)

// Options are the inputs, the output and what is asked of the scorer.
type Options struct {
	Inputs []Input
	Kind   rows.Kind // of the inputs; the zero value means that of each one's extensions
	Header []string  // names of the columns of CSV and TSV files without a line of names

	Query, Passage string // columns of the texts

	// Keep are the columns of the inputs that are copied to the output. KeepAll means all of them.
	Keep    []string
	KeepAll bool

	// Request has everything that is asked for but the pairs.
	Request crossrank.Request

	// Rank puts the rows of each query in the order of their scores, the best first. A query is
	// consecutive rows with the same text in the column of the queries. Top bounds the rows of each;
	// 0 means all.
	Rank bool
	Top  int

	// Output is a file; empty means Stdout, which cannot be resumed. OutputKind is its format.
	Output     string
	Stdout     io.Writer
	OutputKind rows.Kind
	GroupRows  int // rows of a group in the output, see [rows.NewWriter]

	Rejects  string    // file for rows that cannot be read; empty means that the first one ends the run
	Resume   bool      // go on with an unfinished run of the same output
	Settings []Setting // what else the scores depend on, such as the model
	InFlight int       // chunks that are scored at once; 0 means 2

	Progress func(Progress) // called after each chunk; may be nil
}

// Input is a file, or an open one such as standard input.
type Input struct {
	Name string
	Open io.Reader // nil means the file Name
}

// Setting is something that scores depend on.
type Setting struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Progress is how far a run is.
type Progress struct {
	Rows     int64   // of all inputs so far, those of earlier runs and rejected ones included
	Resumed  int64   // of them, those of earlier runs
	Rejected int64   // of them, those that could not be read
	Fraction float64 // of the inputs, from 0 to 1; 0 if unknown

	Resumable bool // a run that is interrupted now can be resumed
}

// Run scores the inputs. The progress is valid with an error too: if the run is resumable, its rows
// are those that are not scored again.
func Run(ctx context.Context, s crossrank.Scorer, opts Options) (Progress, error) {
	r := &run{opts: opts, scorer: s}
	err := r.run(ctx)
	return r.progress, err
}
