package dataset

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/crossrank/crossrank"
)

// MaxLine is the most bytes of a line: a file without line ends must not fill the memory.
const MaxLine = 16 << 20

// LineError says which line of a file is wrong.
type LineError struct {
	File string
	Line int // counted from 1
	Err  error
}

// Error returns the file, the line and what is wrong with it.
func (e *LineError) Error() string { return fmt.Sprintf("%s:%d: %v", e.File, e.Line, e.Err) }

// Unwrap returns what is wrong with the line.
func (e *LineError) Unwrap() error { return e.Err }

// Lines reads text line by line, in constant memory, and knows the line's number. Blank lines are
// skipped but counted; a byte order mark at the start and carriage returns at line ends are
// removed. It is for one goroutine.
type Lines struct {
	name   string
	number int // of the last line, from 1
	offset int64
	rest   bool // the rest of a line that was too long comes next
	r      *bufio.Reader
}

// ErrLongLine is the reason of a [LineError] after which reading can go on with the next line;
// there are no others.
var ErrLongLine = fmt.Errorf("the line has more than %d bytes", MaxLine)

// NewLines returns a reader of r's lines. Errors have the name.
func NewLines(r io.Reader, name string) *Lines {
	return &Lines{name: name, r: bufio.NewReaderSize(r, 64<<10)}
}

// Next returns the next line that is not blank, without its end. At the end it returns io.EOF; any
// other error is a [*LineError].
func (l *Lines) Next() ([]byte, error) {
	for {
		line, err := l.Line()
		if err != nil || len(bytes.TrimSpace(line)) > 0 {
			return line, err
		}
	}
}

// Line is [Lines.Next] for formats in which a blank line has a meaning.
func (l *Lines) Line() ([]byte, error) {
	line, err := l.read()
	if err == io.EOF && len(line) == 0 {
		return nil, io.EOF
	}
	l.number++
	if err != nil && err != io.EOF {
		return nil, l.wrong(err)
	}
	if l.number == 1 {
		line = bytes.TrimPrefix(line, []byte("\ufeff"))
	}
	return bytes.TrimRight(line, "\r\n"), nil
}

// Place returns how many lines, and how many bytes, lie before the next line.
func (l *Lines) Place() (lines int, offset int64) {
	_ = l.skipRest() // an error comes again with the next line
	return l.number, l.offset
}

// Resume says that the source begins at a place that is not the start of its file.
func (l *Lines) Resume(lines int, offset int64) { l.number, l.offset = lines, offset }

// Pair returns the pair of the next line, a JSON object with the members "query" and "passage",
// both strings. Either may be empty, and neither may be absent. Other members are skipped, since
// data often has ids and labels beside the text.
func (l *Lines) Pair() (crossrank.Pair, error) {
	line, err := l.Next()
	if err != nil {
		return crossrank.Pair{}, err
	}
	pair, err := parsePair(line)
	if err != nil {
		return crossrank.Pair{}, l.wrong(err)
	}
	return pair, nil
}

// Text returns the next line as a string.
func (l *Lines) Text() (string, error) {
	line, err := l.Next()
	return string(line), err
}

func (l *Lines) wrong(err error) error { return &LineError{l.name, l.number, err} }

// read returns the bytes up to the next line end, included. The last ones come with io.EOF.
func (l *Lines) read() ([]byte, error) {
	if err := l.skipRest(); err != nil {
		return nil, err
	}
	var line []byte
	for {
		part, err := l.r.ReadSlice('\n')
		l.offset += int64(len(part))
		if len(line)+len(part) > MaxLine {
			l.rest = err == bufio.ErrBufferFull
			return nil, ErrLongLine
		}
		line = append(line, part...)
		if err != bufio.ErrBufferFull {
			return line, err
		}
	}
}

// skipRest discards the rest of a line that was too long.
func (l *Lines) skipRest() error {
	for l.rest {
		part, err := l.r.ReadSlice('\n')
		l.offset += int64(len(part))
		if l.rest = err == bufio.ErrBufferFull; !l.rest {
			return err
		}
	}
	return nil
}

func parsePair(line []byte) (pair crossrank.Pair, err error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(line, &members); err != nil {
		var kind *json.UnmarshalTypeError
		if errors.As(err, &kind) {
			return pair, fmt.Errorf("a line must be {\"query\": \"…\", \"passage\": \"…\"}, not a JSON %s", kind.Value)
		}
		return pair, fmt.Errorf("reading JSON: %w; a line must be {\"query\": \"…\", \"passage\": \"…\"}", err)
	}
	for _, m := range []struct {
		key string
		dst *string
	}{{"query", &pair.Query}, {"passage", &pair.Passage}} {
		raw, ok := members[m.key]
		if !ok {
			return pair, fmt.Errorf("%q is missing", m.key)
		}
		if raw[0] != '"' {
			return pair, fmt.Errorf("%q must be a string, not %.40s", m.key, raw)
		}
		if err := json.Unmarshal(raw, m.dst); err != nil {
			return pair, fmt.Errorf("reading %q: %w", m.key, err)
		}
	}
	return pair, nil
}
