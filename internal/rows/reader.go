package rows

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

// Reader reads the rows of one file in order. It is for one goroutine. Close it at the end.
type Reader struct {
	name   string
	kind   Kind
	source source
	row    int64 // rows so far
	size   int64 // of the file in bytes; 0 if unknown
	read   *countingReader
	close  []func() error
}

// source reads the rows of one format.
type source interface {
	columns() []Column                    // nil if rows name their own
	choose(names []string) error          // from here on, only these columns are needed
	next(at Position) (*Row, error)       // sets At.Line
	place() (line int, offset int64)      // of the next row
	fraction() (done float64, known bool) // of the rows, if the format knows it
}

// Options configure a Reader. The zero value works.
type Options struct {
	// Kind is the format and the compression. The zero value means those of the file's extensions,
	// or else JSONL.
	Kind Kind

	// Header names the columns of a CSV or TSV file whose first line is a row already.
	Header []string

	// Start is where reading begins; the zero value is the first row.
	Start Mark

	// Size is the number of bytes of a file that is no [os.File], such as an object elsewhere; 0
	// means that it is unknown.
	Size int64
}

// Mark is a place between two rows of a file.
type Mark struct {
	Row  int64 `json:"row"`            // rows before it, those that cannot be read included
	Line int   `json:"line,omitempty"` // lines before it
	Byte int64 `json:"byte,omitempty"` // bytes before it, of the text without its compression
}

// Open opens a file and reads as much of it as the names of its columns need.
func Open(path string, opts Options) (*Reader, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("opening the input: %w", err)
	}
	r, err := open(f, path, opts)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	r.close = append(r.close, f.Close)
	return r, nil
}

// NewReader reads an open file or pipe, whose name errors show. Closing the Reader leaves it open.
// A pipe has no Parquet, whose reading begins at the end.
func NewReader(in io.Reader, name string, opts Options) (*Reader, error) {
	return open(in, name, opts)
}

func open(in io.Reader, name string, opts Options) (*Reader, error) {
	r := &Reader{name: name, kind: opts.Kind, row: opts.Start.Row, size: opts.Size}
	if r.kind == (Kind{}) {
		r.kind, _ = KindOf(name)
	}
	if f, ok := in.(*os.File); ok {
		info, err := f.Stat()
		if err != nil {
			return nil, fmt.Errorf("opening %s: %w", name, err)
		}
		if info.IsDir() {
			return nil, fmt.Errorf("opening %s: it is a directory; name a file", name)
		}
		if info.Mode().IsRegular() {
			r.size = info.Size()
		}
	}
	if err := r.open(in, opts); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

func (r *Reader) open(in io.Reader, opts Options) (err error) {
	if r.kind.Format == Parquet {
		at, ok := in.(io.ReaderAt)
		if !ok || r.size == 0 {
			return fmt.Errorf("opening %s: Parquet is read from a file with content, not from a pipe", r.name)
		}
		r.source, err = openParquet(at, r.size, r.name, opts.Start)
		return err
	}
	header := opts.Header
	if opts.Start.Byte > 0 && r.kind.Format != JSONL && header == nil {
		if header, err = readHeader(in, r.name, r.kind); err != nil {
			return err
		}
	}
	text, err := r.text(in, opts.Start)
	if err != nil {
		return err
	}
	switch r.kind.Format {
	case CSV:
		r.source, err = openCSV(text, r.name, header, opts.Start)
	case TSV:
		r.source, err = openTSV(text, r.name, header, opts.Start)
	default:
		r.source = openJSONL(text, r.name, opts.Start)
	}
	return err
}

// readHeader reads the names of the columns from the start of a file, which it leaves where it was.
func readHeader(in io.Reader, name string, kind Kind) ([]string, error) {
	f, ok := in.(io.ReadSeeker)
	if !ok {
		return nil, fmt.Errorf("reading %s: a pipe cannot be read from its middle", name)
	}
	first, err := open(struct{ io.Reader }{f}, name, Options{Kind: kind})
	if err != nil {
		return nil, err
	}
	var names []string
	for _, c := range first.Columns() {
		names = append(names, c.Name)
	}
	_, err = f.Seek(0, io.SeekStart)
	return names, errors.Join(err, first.Close())
}

// text gives the text of a file from a mark on, without its compression.
func (r *Reader) text(in io.Reader, start Mark) (io.Reader, error) {
	if f, ok := in.(io.Seeker); ok && r.kind.Compression == Plain && start.Byte > 0 {
		if _, err := f.Seek(start.Byte, io.SeekStart); err != nil {
			return nil, fmt.Errorf("reading %s: %w", r.name, err)
		}
		r.read = &countingReader{r: in, n: start.Byte}
		return r.read, nil
	}
	r.read = &countingReader{r: in}
	text, closer, err := decompress(r.read, r.kind.Compression)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", r.name, err)
	}
	r.close = append(r.close, closer)
	if _, err := io.CopyN(io.Discard, text, start.Byte); err != nil {
		return nil, fmt.Errorf("reading %s as far as byte %d: %w", r.name, start.Byte, err)
	}
	return text, nil
}

// Kind returns the format and the compression of the file.
func (r *Reader) Kind() Kind { return r.kind }

// Columns returns the columns of the file in their order, or nil for JSON lines.
func (r *Reader) Columns() []Column { return r.source.columns() }

// Choose says which columns of the rows are needed; the others need not be read. A file that lacks
// one of them is an error. Rows of JSON lines name their own columns, so nothing is checked there.
func (r *Reader) Choose(names ...string) error {
	all := r.Columns()
	for _, name := range names {
		if all != nil && !slices.ContainsFunc(all, func(c Column) bool { return c.Name == name }) {
			return fmt.Errorf("%s has no column %q; its columns are %s", r.name, name, columnList(all))
		}
	}
	return r.source.choose(names)
}

func columnList(columns []Column) string {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = fmt.Sprintf("%q", c.Name)
	}
	return strings.Join(names, ", ")
}

// Next returns the next row. At the end it returns io.EOF. Of its other errors, those of type
// [*RowError] are about one row, and the next call returns the row after it; any other is final.
func (r *Reader) Next() (*Row, error) {
	row, err := r.source.next(Position{File: r.name, Row: r.row + 1})
	if err != nil {
		if _, one := errors.AsType[*RowError](err); !one {
			return nil, err
		}
	}
	r.row++
	return row, err
}

// Mark returns the place before the next row.
func (r *Reader) Mark() Mark {
	line, offset := r.source.place()
	return Mark{Row: r.row, Line: line, Byte: offset}
}

// Fraction returns about how much of the file has been read, from 0 to 1. Of a pipe it is unknown.
func (r *Reader) Fraction() (done float64, known bool) {
	if done, known = r.source.fraction(); known || r.size == 0 {
		return done, known
	}
	return min(float64(r.read.n)/float64(r.size), 1), true
}

// Close closes the file, if the Reader has opened it.
func (r *Reader) Close() error {
	var errs []error
	for _, f := range r.close {
		errs = append(errs, f())
	}
	r.close = nil
	return errors.Join(errs...)
}

// countingReader counts the bytes that were read.
type countingReader struct {
	r io.Reader
	n int64
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}
