package rows

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/crossrank/crossrank/internal/dataset"
)

// csvRows reads CSV by the rules of RFC 4180. The first row names the columns. A line end inside
// quotation marks is a line feed, however the file writes it. Blank lines are skipped.
type csvRows struct {
	name  string
	names []string
	tape  *tape
	r     *csv.Reader
	start Mark // of r
}

func openCSV(in io.Reader, name string, header []string, start Mark) (*csvRows, error) {
	c := &csvRows{name: name, names: header, start: start}
	buffered := bufio.NewReaderSize(in, 64<<10)
	if bom, _ := buffered.Peek(3); start.Byte == 0 && string(bom) == "\ufeff" {
		_, _ = buffered.Discard(3) // they are in the buffer
		c.start.Byte = 3
	}
	c.tape = &tape{r: buffered}
	c.r = csv.NewReader(c.tape)
	c.r.ReuseRecord = header != nil
	if header == nil {
		names, err := c.r.Read()
		switch {
		case err == io.EOF:
			return nil, fmt.Errorf("%s is empty; its first line must name the columns", name)
		case err != nil:
			return nil, fmt.Errorf("%s: reading the names of the columns: %w", name, err)
		}
		c.names = names
	}
	c.r.ReuseRecord = false
	c.r.FieldsPerRecord = len(c.names)
	return c, checkNames(name, c.names)
}

// checkNames refuses a header that cannot name columns.
func checkNames(file string, names []string) error {
	for i, n := range names {
		if n == "" {
			return fmt.Errorf("%s: column %d has no name; the first line must name the columns", file, i+1)
		}
		if slices.Contains(names[:i], n) {
			return fmt.Errorf("%s: the column %q is there twice; the first line must name the columns", file, n)
		}
	}
	return nil
}

func (c *csvRows) columns() []Column         { return textColumns(c.names) }
func (c *csvRows) choose([]string) error     { return nil }
func (c *csvRows) fraction() (float64, bool) { return 0, false }

func (c *csvRows) place() (int, int64) {
	c.tape.cut(c.r.InputOffset())
	return c.start.Line + c.tape.lines, c.start.Byte + c.r.InputOffset()
}

func (c *csvRows) next(at Position) (*Row, error) {
	c.tape.cut(c.r.InputOffset())
	cells, err := c.r.Read()
	if err == io.EOF {
		return nil, io.EOF
	}
	raw := c.tape.upTo(c.r.InputOffset())
	at.Line = c.start.Line + c.tape.lines + 1 + leadingLines(raw)
	raw = bytes.Trim(raw, "\r\n")
	row := &Row{At: at, Raw: raw, names: c.names}
	if err != nil {
		return nil, c.wrong(row, err, len(cells))
	}
	for _, text := range cells {
		row.cells = append(row.cells, text)
	}
	return row, nil
}

// wrong says what is wrong with a row. If the end of the row is in doubt, because a quotation mark
// is missing, the rows after it cannot be told apart, and the error is final.
func (c *csvRows) wrong(row *Row, err error, cells int) error {
	parse, ok := errors.AsType[*csv.ParseError](err)
	switch {
	case !ok:
		return fmt.Errorf("%v: %w", row.At, err)
	case errors.Is(err, csv.ErrFieldCount):
		return row.Wrong(fmt.Errorf("the row has %d values, the header %d columns", cells, len(c.names)))
	case parse.StartLine != parse.Line, parse.Err == csv.ErrQuote && bytes.Count(row.Raw, []byte(`"`))%2 == 1:
		return fmt.Errorf("%v: a quotation mark is not closed, or stands inside a value without being doubled; "+
			"the rows after it cannot be told apart", row.At)
	}
	return row.Wrong(fmt.Errorf("%w in column %d; a quotation mark inside a value must be doubled, and the value be quoted",
		parse.Err, parse.Column))
}

// leadingLines counts the blank lines before a row.
func leadingLines(raw []byte) int {
	return bytes.Count(raw[:len(raw)-len(bytes.TrimLeft(raw, "\r\n"))], []byte("\n"))
}

// tape keeps the bytes that were read since its last cut, for the text of a row. More than a row
// may have is an error: a quotation mark that is never closed must not fill the memory.
type tape struct {
	r     io.Reader
	kept  []byte
	base  int64 // offset of kept
	lines int   // line feeds before kept
}

func (t *tape) Read(p []byte) (int, error) {
	if len(t.kept) > dataset.MaxLine {
		return 0, fmt.Errorf("the row has more than %d bytes; is a quotation mark not closed?", dataset.MaxLine)
	}
	n, err := t.r.Read(p)
	t.kept = append(t.kept, p[:n]...)
	return n, err
}

// cut forgets what comes before an offset.
func (t *tape) cut(offset int64) {
	n := offset - t.base
	t.lines += bytes.Count(t.kept[:n], []byte("\n"))
	t.kept, t.base = t.kept[:copy(t.kept, t.kept[n:])], offset
}

// upTo returns a copy of what is kept before an offset.
func (t *tape) upTo(offset int64) []byte { return bytes.Clone(t.kept[:offset-t.base]) }

// tsvRows reads TSV: a row per line, without quoting. The first line names the columns.
type tsvRows struct {
	name  string
	names []string
	lines *dataset.Lines
}

func openTSV(in io.Reader, name string, header []string, start Mark) (*tsvRows, error) {
	t := &tsvRows{name, header, dataset.NewLines(in, name)}
	t.lines.Resume(start.Line, start.Byte)
	if header == nil {
		line, err := t.lines.Line()
		switch {
		case err == io.EOF:
			return nil, fmt.Errorf("%s is empty; its first line must name the columns", name)
		case err != nil:
			return nil, err
		}
		t.names = strings.Split(string(line), "\t")
	}
	return t, checkNames(name, t.names)
}

func (t *tsvRows) columns() []Column         { return textColumns(t.names) }
func (t *tsvRows) choose([]string) error     { return nil }
func (t *tsvRows) place() (int, int64)       { return t.lines.Place() }
func (t *tsvRows) fraction() (float64, bool) { return 0, false }

func (t *tsvRows) next(at Position) (*Row, error) {
	line, err := t.lines.Line()
	for err == nil && len(line) == 0 && len(t.names) > 1 {
		line, err = t.lines.Line()
	}
	at.Line, _ = t.lines.Place()
	if err != nil {
		return nil, lineError(at, err)
	}
	row := &Row{At: at, Raw: line, names: t.names}
	for text := range strings.SplitSeq(string(line), "\t") {
		row.cells = append(row.cells, text)
	}
	if len(row.cells) != len(t.names) {
		return nil, row.Wrong(fmt.Errorf("the line has %d values, the header %d columns", len(row.cells), len(t.names)))
	}
	return row, nil
}
