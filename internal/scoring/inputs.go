package scoring

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/rows"
)

// place is where a run is in its inputs.
type place struct {
	Input int       `json:"input"` // the number of the current input, from 0
	Mark  rows.Mark `json:"mark"`  // the place in it
	Rows  int64     `json:"rows"`  // of all inputs before it
}

// inputs reads the rows of several files one after the other. Reading may go on in another
// goroutine while it is closed.
type inputs struct {
	opts  Options
	sizes []int64 // of the inputs; 0 if unknown
	pipes bool    // an input can be read only once

	mu      sync.Mutex
	columns []string // that are needed
	current *rows.Reader
	first   []rows.Column // of the first input that was opened
	at      place         // of the next row
	closed  bool
}

func newInputs(opts Options) (*inputs, error) {
	in := &inputs{opts: opts, sizes: make([]int64, len(opts.Inputs))}
	for i, input := range opts.Inputs {
		if input.Open != nil {
			in.pipes = true
			continue
		}
		info, err := os.Stat(input.Name)
		if err != nil {
			return nil, fmt.Errorf("opening the input: %w", err)
		}
		if info.Mode().IsRegular() {
			in.sizes[i] = info.Size()
		} else {
			in.pipes = true
		}
	}
	if format := in.kind(0).Format; slices.ContainsFunc(opts.Inputs, func(i Input) bool { return kindOf(opts, i).Format != format }) {
		return nil, errors.New("the inputs have different formats; score the files of each format on their own")
	}
	return in, nil
}

func kindOf(opts Options, i Input) rows.Kind {
	if opts.Kind != (rows.Kind{}) {
		return opts.Kind
	}
	kind, _ := rows.KindOf(i.Name)
	return kind
}

func (in *inputs) kind(i int) rows.Kind { return kindOf(in.opts, in.opts.Inputs[i]) }

// fingerprints describe the inputs well enough to notice that one has changed: each one's size, and
// a hash of its first and last bytes.
func (in *inputs) fingerprints() ([]Setting, error) {
	var all []Setting
	for i, input := range in.opts.Inputs {
		if input.Open != nil || in.sizes[i] == 0 {
			continue
		}
		hash, err := fingerprint(input.Name, in.sizes[i])
		if err != nil {
			return nil, fmt.Errorf("reading the input: %w", err)
		}
		all = append(all, Setting{fmt.Sprintf("input %d", i+1), fmt.Sprintf("%s, %d bytes, %s", input.Name, in.sizes[i], hash)})
	}
	return append(all, Setting{"number of inputs", fmt.Sprint(len(in.opts.Inputs))}), nil
}

// hashedBytes is how many of the first and of the last bytes of a file are hashed.
const hashedBytes = 64 << 10

func fingerprint(path string, size int64) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	sum := sha256.New()
	for _, from := range []int64{0, max(0, size-hashedBytes)} {
		if _, err := io.Copy(sum, io.NewSectionReader(f, from, hashedBytes)); err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("%x", sum.Sum(nil)[:8]), nil
}

// seek goes to a place.
func (in *inputs) seek(at place) error {
	in.at = at
	if at.Input >= len(in.opts.Inputs) {
		return fmt.Errorf("the journal is at input %d of %d", at.Input+1, len(in.opts.Inputs))
	}
	return in.open(at.Mark)
}

// open opens the current input.
func (in *inputs) open(start rows.Mark) (err error) {
	input := in.opts.Inputs[in.at.Input]
	opts := rows.Options{Kind: in.kind(in.at.Input), Header: in.opts.Header, Start: start}
	if input.Open != nil {
		in.current, err = rows.NewReader(input.Open, input.Name, opts)
	} else {
		in.current, err = rows.Open(input.Name, opts)
	}
	if err != nil {
		return err
	}
	columns := in.current.Columns()
	if in.first == nil {
		in.first = columns
	}
	if !slices.EqualFunc(columns, in.first, rows.Column.Equal) {
		return fmt.Errorf("%s has other columns than the inputs before it; score files of the same columns together", input.Name)
	}
	if in.columns != nil && columns != nil {
		return in.current.Choose(in.columns...)
	}
	return nil
}

// need says which columns of the rows are needed.
func (in *inputs) need(columns []string) error {
	if in.first == nil {
		return nil
	}
	in.columns = columns
	return in.current.Choose(columns...)
}

// pair is a row of an input that is to be scored, or that cannot be read.
type pair struct {
	crossrank.Pair
	row   *rows.Row
	wrong *rows.RowError // nil if the row can be read
	index int64          // among the rows of all inputs, from 0
	after place
	done  float64 // fraction of the inputs; 0 if unknown
}

// next reads the next pair. Without a file for rejects, a row that cannot be read is an error.
func (in *inputs) next() (pair, error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	for !in.closed {
		row, err := in.current.Next()
		if err == io.EOF {
			if err := in.turn(); err != nil {
				return pair{}, err
			}
			continue
		}
		return in.pair(row, err)
	}
	return pair{}, io.EOF
}

func (in *inputs) pair(row *rows.Row, err error) (pair, error) {
	p := pair{row: row, index: in.at.Rows}
	if err == nil {
		if p.Query, err = row.Text(in.opts.Query); err == nil {
			p.Passage, err = row.Text(in.opts.Passage)
		}
	}
	if wrong, one := errors.AsType[*rows.RowError](err); err != nil {
		if !one || in.opts.Rejects == "" {
			return p, err
		}
		p.wrong = wrong
	}
	in.at.Rows++
	in.at.Mark = in.current.Mark()
	p.after, p.done = in.at, in.fraction()
	return p, nil
}

// turn goes to the next input. After the last one it returns io.EOF.
func (in *inputs) turn() error {
	if in.at.Input+1 == len(in.opts.Inputs) {
		return io.EOF
	}
	if err := in.current.Close(); err != nil {
		return err
	}
	in.at.Input++
	in.at.Mark = rows.Mark{}
	return in.open(rows.Mark{})
}

// fraction is how much of the inputs, by their sizes, has been read.
func (in *inputs) fraction() float64 {
	var before, all int64
	for i, size := range in.sizes {
		if size == 0 {
			return 0
		}
		if all += size; i < in.at.Input {
			before += size
		}
	}
	done, _ := in.current.Fraction()
	return (float64(before) + done*float64(in.sizes[in.at.Input])) / float64(all)
}

// close ends reading. A read of a pipe may still be in progress, and is left alone.
func (in *inputs) close() error {
	if !in.mu.TryLock() {
		if in.pipes {
			return nil
		}
		in.mu.Lock()
	}
	defer in.mu.Unlock()
	in.closed = true
	if in.current == nil {
		return nil
	}
	return in.current.Close()
}
