package rows

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/crossrank/crossrank/internal/dataset"
)

// lenient reads the JSON that encoding/json reads: of members of one name the last one counts, and
// invalid UTF-8 is read as U+FFFD.
var lenient = []jsontext.Options{jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)}

// jsonl reads JSON lines. Blank lines are skipped.
type jsonl struct{ lines *dataset.Lines }

func openJSONL(r io.Reader, name string, start Mark) *jsonl {
	lines := dataset.NewLines(r, name)
	lines.Resume(start.Line, start.Byte)
	return &jsonl{lines}
}

func (j *jsonl) columns() []Column         { return nil }
func (j *jsonl) choose([]string) error     { return nil }
func (j *jsonl) place() (int, int64)       { return j.lines.Place() }
func (j *jsonl) fraction() (float64, bool) { return 0, false }

func (j *jsonl) next(at Position) (*Row, error) {
	line, err := j.lines.Next()
	at.Line, _ = j.lines.Place()
	if err != nil {
		return nil, lineError(at, err)
	}
	row := &Row{At: at, Raw: line}
	if row.names, row.cells, err = members(line); err != nil {
		return nil, row.Wrong(err)
	}
	return row, nil
}

// lineError makes the error of a line one about its row, if the next line can be read.
func lineError(at Position, err error) error {
	if errors.Is(err, dataset.ErrLongLine) {
		return &RowError{At: at, Err: dataset.ErrLongLine}
	}
	return err
}

const wantObject = `a line must be an object such as {"query": "…", "passage": "…"}`

// members reads an object as the names of its members and their values.
func members(line []byte) (names []string, cells []Cell, err error) {
	d := jsontext.NewDecoder(bytes.NewBuffer(line), lenient...)
	wrong := func(err error) ([]string, []Cell, error) {
		return nil, nil, fmt.Errorf("reading JSON: %w; %s", jsonCause(err), wantObject)
	}
	if name := kindNames[d.PeekKind()]; name != "" {
		return nil, nil, fmt.Errorf("%s, not a JSON %s", wantObject, name)
	}
	if _, err := d.ReadToken(); err != nil {
		return wrong(err)
	}
	for d.PeekKind() != '}' {
		name, err := d.ReadToken()
		if err != nil {
			return wrong(err)
		}
		names = append(names, name.String())
		value, err := d.ReadValue()
		if err != nil {
			return wrong(err)
		}
		cells = append(cells, JSON(value.Clone()))
	}
	if _, err := d.ReadToken(); err != nil {
		return wrong(err)
	}
	if _, err := d.ReadToken(); err != io.EOF {
		return wrong(errors.New("there is more after the object"))
	}
	return names, cells, nil
}

// jsonCause is err without the name of its package.
func jsonCause(err error) error {
	if syntax, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		return fmt.Errorf("%w at byte %d", syntax.Err, syntax.ByteOffset)
	}
	return err
}

// kindNames names the values that are no object.
var kindNames = map[jsontext.Kind]string{'[': "array", '"': "string", '0': "number", 'n': "null", 't': "bool", 'f': "bool"}
