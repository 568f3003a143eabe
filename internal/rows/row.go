package rows

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json/jsontext"
)

// Row is one row of a file. It stays valid, and nothing changes it.
type Row struct {
	At  Position
	Raw []byte // its text as the file has it; nil in Parquet

	names []string
	cells []Cell
}

// Position is the place of a row.
type Position struct {
	File string
	Row  int64 // counted from 1, rows that cannot be read included
	Line int   // its first line, counted from 1; 0 in Parquet
}

// String returns "pairs.csv:7", or "pairs.parquet: row 7" for a file without lines.
func (p Position) String() string {
	if p.Line > 0 {
		return fmt.Sprintf("%s:%d", p.File, p.Line)
	}
	return fmt.Sprintf("%s: row %d", p.File, p.Row)
}

// RowError says which row of a file is wrong. The rows after it can be read.
type RowError struct {
	At  Position
	Raw []byte // the text of the row, or its beginning; nil if it has none
	Err error
}

// Error returns the place and what is wrong there.
func (e *RowError) Error() string { return fmt.Sprintf("%v: %v", e.At, e.Err) }

// Unwrap returns what is wrong with the row.
func (e *RowError) Unwrap() error { return e.Err }

// Wrong makes the error of a row whose content is wrong.
func (r *Row) Wrong(err error) *RowError { return &RowError{r.At, r.Raw, err} }

// Cell is a value of a row: a string, a bool, an int64, a float32, a [JSON] value, [Members], or a
// value of a Parquet column. Nil means that the row has no such value.
type Cell any

// JSON is a value in JSON.
type JSON []byte

// Members are the members of a JSON object without its braces.
type Members []byte

// Cell returns the value of a column. If the row has none, it returns nil.
func (r *Row) Cell(column string) Cell {
	for i := len(r.names) - 1; i >= 0; i-- { // of members of one name, the last one counts
		if r.names[i] == column {
			return r.cells[i]
		}
	}
	return nil
}

// Text returns the value of a column that must be a text. Its error is a [*RowError].
func (r *Row) Text(column string) (string, error) {
	text, err := textOf(r.Cell(column))
	if err != nil {
		return "", r.Wrong(fmt.Errorf("%q %w", column, err))
	}
	return text, nil
}

func textOf(c Cell) (string, error) {
	switch c := c.(type) {
	case nil:
		return "", errors.New("is missing")
	case string:
		return c, nil
	case JSON:
		return jsonText(c)
	case parquetCell:
		return c.text()
	}
	return "", fmt.Errorf("must be a string, not %v", c)
}

func jsonText(value JSON) (string, error) {
	if value[0] != '"' {
		return "", fmt.Errorf("must be a string, not %.40s", value)
	}
	text, err := jsontext.AppendUnquote(nil, value)
	if err != nil && !jsontext.Value(value).IsValid(lenient...) {
		return "", fmt.Errorf("is no JSON string: %w", err)
	}
	return string(text), nil
}

// Members returns all members of a row of JSON lines.
func (r *Row) Members() Members {
	text := bytes.TrimSpace(r.Raw)
	return Members(bytes.TrimSpace(text[1 : len(text)-1]))
}

// Has reports whether the row has a value in a column.
func (r *Row) Has(column string) bool { return r.Cell(column) != nil }
