package results

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/crossrank/crossrank/internal/outfile"
)

// Writer writes results line by line, each in one write as soon as it is given. It is safe for
// concurrent use.
//
// After an error, such as a full disk, every call writes nothing and returns that error, and so
// does Close. The caller writes the lines in their order: the run, then each configuration with its
// requests and samples and its end, then the end.
type Writer struct {
	mu  sync.Mutex
	w   io.Writer
	err error

	file *outfile.File // to be closed; nil if the Writer was not made by Create
}

// Create begins a results file at path. A file that is there keeps its content until the first
// lines, which begin writes, take its place; every later line is appended at once. A nil begin
// writes none.
func Create(path string, begin func(*Writer) error) (*Writer, error) {
	f, err := outfile.Create(path)
	if err != nil {
		return nil, fmt.Errorf("creating results: %w", err)
	}
	w := &Writer{w: f, file: f}
	if begin != nil {
		err = begin(w)
	}
	if err == nil {
		err = f.Commit()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("creating results: %w", err), f.Close())
	}
	return w, nil
}

// NewWriter writes results to w, which it does not close.
func NewWriter(w io.Writer) *Writer { return &Writer{w: w} }

// Run writes the first line.
func (w *Writer) Run(r Run) error {
	r.Format = Format
	return w.line(kindRun, r)
}

// Configuration begins a configuration.
func (w *Writer) Configuration(p Configuration) error { return w.line(kindConfiguration, p) }

// Request writes the record of a request.
func (w *Writer) Request(r Request) error { return w.line(kindRequest, r) }

// Sample writes a sample of the server's history.
func (w *Writer) Sample(s Sample) error { return w.line(kindSample, s) }

// ConfigurationEnd ends a configuration.
func (w *Writer) ConfigurationEnd(p ConfigurationEnd) error { return w.line(kindConfigurationEnd, p) }

// SLOResult writes the outcome of a search.
func (w *Writer) SLOResult(f SLOResult) error { return w.line(kindSLOResult, f) }

// Quality writes how good scores are.
func (w *Writer) Quality(q Quality) error { return w.line(kindQuality, q) }

// End ends the run.
func (w *Writer) End(e End) error { return w.line(kindEnd, e) }

// Close closes a file that Create made, once all of it is on the disk.
func (w *Writer) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.file == nil {
		return w.err
	}
	err := w.err
	if err == nil {
		err = w.file.Sync()
	}
	err = errors.Join(err, w.file.Close())
	w.file, w.err = nil, errors.Join(err, errors.New("results are closed"))
	return err
}

// line writes v, which encodes as an object, with its kind as the first field.
func (w *Writer) line(kind string, v any) error {
	b, err := json.Marshal(v)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		return w.err
	}
	if err == nil {
		line := append([]byte(`{"kind":"`+kind+`",`), b[1:]...)
		_, err = w.w.Write(append(line, '\n'))
	}
	if err != nil {
		w.err = fmt.Errorf("writing results: %w", err)
	}
	return w.err
}
