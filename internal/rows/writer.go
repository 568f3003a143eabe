package rows

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// GroupRows is the default number of rows in a group, where the bytes of a file depend on it.
const GroupRows = 10_000

// groupBytes bounds the text of a group, and so the memory of a Writer.
const groupBytes = 32 << 20

// Writer writes rows of the same columns to one file. End its groups: rows are in the file from the
// end of their group on. It is for one goroutine.
//
// Where [Kind.Grouped] is false, a group may end after any row. Elsewhere the bytes of the file
// depend on where groups end, and they must end when the Writer is [Writer.Full], and at the end.
type Writer struct {
	out     io.Writer
	kind    Kind
	columns []Column
	limit   int          // rows of a group
	rows    int          // of the current group
	begun   bool         // a group is complete
	text    bytes.Buffer // of the current group; of Parquet its row group
	encode  encoder
	frame   *compressor
	parquet *parquetWriter
}

// encoder appends a row to a text.
type encoder func(text *bytes.Buffer, columns []Column, cells []Cell) error

// Group is a group that is complete in the file.
type Group struct {
	Rows   int    `json:"rows"`
	Bytes  int64  `json:"bytes"`            // of the file that the group takes
	Footer []byte `json:"footer,omitempty"` // what the end of a Parquet file will say of the group
}

// Grouped reports whether the bytes of a file depend on where its groups end.
func (k Kind) Grouped() bool { return k.Format == Parquet || k.Compression != Plain }

// NewWriter begins a file, or continues the one that has the groups done. Groups hold limit rows; 0
// means [GroupRows].
func NewWriter(out io.Writer, kind Kind, columns []Column, limit int, done []Group) (*Writer, error) {
	w := &Writer{out: out, kind: kind, columns: columns, limit: limit, begun: len(done) > 0}
	if limit == 0 {
		w.limit = GroupRows
	}
	for _, c := range columns {
		if err := w.writable(c); err != nil {
			return nil, err
		}
	}
	var err error
	if kind.Format == Parquet {
		w.parquet, err = newParquetWriter(columns, done)
		return w, err
	}
	if w.frame, err = newCompressor(kind.Compression); err != nil {
		return nil, err
	}
	w.encode = map[Format]encoder{JSONL: encodeJSONL, CSV: encodeCSV, TSV: encodeTSV}[kind.Format]
	if kind.Format != JSONL && len(done) == 0 {
		err = w.encode(&w.text, columns, names(columns))
	}
	return w, err
}

// writable refuses a column that the format cannot hold.
func (w *Writer) writable(c Column) error {
	switch {
	case w.kind.Format == JSONL:
		if c.node == nil {
			return nil
		}
	case c.node == nil:
		return fmt.Errorf("the rows of JSON lines name their own columns, and a file of %s has the same for all; "+
			"say which columns to keep", w.kind.Format)
	case w.kind.Format == Parquet:
		return nil
	}
	if err := plain(c.node); err != nil {
		return fmt.Errorf("the column %q can only be kept in Parquet: %w", c.Name, err)
	}
	return nil
}

func names(columns []Column) []Cell {
	var all []Cell
	for _, c := range columns {
		all = append(all, c.Name)
	}
	return all
}

// Write adds a row, with one cell for each column, to the current group.
func (w *Writer) Write(cells []Cell) error {
	before := w.text.Len()
	var err error
	if w.parquet != nil {
		err = w.parquet.write(w.columns, cells)
	} else {
		err = w.encode(&w.text, w.columns, cells)
	}
	if err != nil {
		w.text.Truncate(before) // nothing of a row that cannot be written
		return err
	}
	w.rows++
	return nil
}

// Full reports that the current group must end now. It is always false where groups may end
// anywhere.
func (w *Writer) Full() bool {
	if !w.kind.Grouped() {
		return false
	}
	size := w.text.Len()
	if w.parquet != nil {
		size = w.parquet.size
	}
	return w.rows >= w.limit || size >= groupBytes
}

// Kind returns the format of the file.
func (w *Writer) Kind() Kind { return w.kind }

// Rows returns the number of rows in the current group.
func (w *Writer) Rows() int { return w.rows }

// EndGroup writes the current group to the file.
func (w *Writer) EndGroup() (Group, error) {
	g := Group{Rows: w.rows}
	data, err := w.group(&g)
	if err != nil {
		return g, err
	}
	g.Bytes = int64(len(data))
	if _, err := w.out.Write(data); err != nil {
		return g, err
	}
	w.rows = 0
	w.text.Reset()
	w.begun = true
	return g, nil
}

// group returns the bytes of the current group.
func (w *Writer) group(g *Group) (data []byte, err error) {
	switch {
	case w.parquet != nil:
		data, g.Footer, err = w.parquet.group()
		return data, err
	case w.frame != nil:
		return w.frame.frame(w.text.Bytes())
	}
	return w.text.Bytes(), nil
}

// Close ends the last group and the file. It does not close the file itself.
func (w *Writer) Close() error {
	if w.rows > 0 || !w.begun {
		if _, err := w.EndGroup(); err != nil {
			return err
		}
	}
	if w.parquet == nil {
		return nil
	}
	footer, err := w.parquet.footer()
	if err != nil {
		return err
	}
	_, err = w.out.Write(footer)
	return err
}

func encodeJSONL(text *bytes.Buffer, columns []Column, cells []Cell) error {
	text.WriteByte('{')
	first := true
	for i, c := range cells {
		inner, all := c.(Members)
		if c == nil || all && len(inner) == 0 {
			continue
		}
		if !first {
			text.WriteByte(',')
		}
		first = false
		if all {
			text.Write(inner)
			continue
		}
		name, err := marshal(columns[i].Name)
		if err != nil {
			return err
		}
		value, err := jsonOf(c)
		if err != nil {
			return fmt.Errorf("writing %q: %w", columns[i].Name, err)
		}
		text.Write(name)
		text.WriteByte(':')
		text.Write(value)
	}
	text.WriteString("}\n")
	return nil
}

func encodeCSV(text *bytes.Buffer, columns []Column, cells []Cell) error {
	record, err := plainTexts(columns, cells)
	if err != nil {
		return err
	}
	c := csv.NewWriter(text)
	if err := c.Write(record); err != nil {
		return err
	}
	c.Flush()
	return c.Error()
}

func encodeTSV(text *bytes.Buffer, columns []Column, cells []Cell) error {
	record, err := plainTexts(columns, cells)
	if err != nil {
		return err
	}
	for i, cell := range record {
		if strings.ContainsAny(cell, "\t\r\n") {
			return fmt.Errorf("writing %q: TSV cannot hold the tab or the line end of %.40q; use another format", columns[i].Name, cell)
		}
	}
	text.WriteString(strings.Join(record, "\t"))
	text.WriteByte('\n')
	return nil
}

// plainTexts writes cells as they stand in a table of texts: texts as they are, what is missing or
// null as nothing, and other values as JSON.
func plainTexts(columns []Column, cells []Cell) ([]string, error) {
	record := make([]string, len(cells))
	for i, c := range cells {
		text, _, err := plainText(c)
		if err != nil {
			return nil, fmt.Errorf("writing %q: %w", columns[i].Name, err)
		}
		record[i] = text
	}
	return record, nil
}

func plainText(c Cell) (text string, ok bool, err error) {
	switch c := c.(type) {
	case nil:
		return "", false, nil
	case string:
		return c, true, nil
	}
	value, err := jsonOf(c)
	switch {
	case err != nil || string(value) == "null":
		return "", false, err
	case value[0] == '"':
		text, err = jsonText(value)
		return text, true, err
	}
	return string(value), true, nil
}

// jsonOf returns the JSON of a cell that is there.
func jsonOf(c Cell) (JSON, error) {
	switch c := c.(type) {
	case JSON:
		return c, nil
	case parquetCell:
		return c.json()
	}
	return marshal(c)
}

// marshal writes JSON as json.Marshal does, but <, > and & as they are.
func marshal(v any) (JSON, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return JSON(bytes.TrimSuffix(b.Bytes(), []byte("\n"))), nil
}
