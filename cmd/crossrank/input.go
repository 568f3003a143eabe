package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/crossrank/crossrank"
)

// maxLine bounds a line of input, so that a file without line ends cannot fill the memory.
const maxLine = 4 << 20

// lineReader reads text a line at a time and knows where it is. Blank lines are skipped but counted; a byte order mark
// at the start and carriage returns at line ends are dropped.
type lineReader struct {
	name string // of the file, for errors
	line int    // number of the line read last, from 1
	r    *bufio.Reader
	c    io.Closer
}

// openLines opens a file, or cmd's standard input if name is "-".
func openLines(cmd *cobra.Command, name string) (*lineReader, error) {
	if name == "-" {
		return newLineReader("standard input", io.NopCloser(cmd.InOrStdin())), nil
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	return newLineReader(name, f), nil
}

func newLineReader(name string, rc io.ReadCloser) *lineReader {
	return &lineReader{name: name, r: bufio.NewReaderSize(rc, 64<<10), c: rc}
}

// Close closes the file.
func (l *lineReader) Close() error { return l.c.Close() }

// Next returns the next line that is not blank, without its end. The last error is io.EOF.
func (l *lineReader) Next() ([]byte, error) {
	for {
		line, err := l.read()
		if err != nil && (err != io.EOF || len(line) == 0) {
			return nil, err
		}
		l.line++
		if l.line == 1 {
			line = bytes.TrimPrefix(line, []byte("\ufeff"))
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(bytes.TrimSpace(line)) > 0 {
			return line, nil
		}
	}
}

// read returns the bytes up to and with the next line end, or those before the end of the file together with io.EOF.
func (l *lineReader) read() ([]byte, error) {
	var line []byte
	for {
		part, err := l.r.ReadSlice('\n')
		line = append(line, part...)
		if len(line) > maxLine {
			return nil, fmt.Errorf("line %d of %s is longer than %d MiB", l.line+1, l.name, maxLine>>20)
		}
		if err == bufio.ErrBufferFull {
			continue
		}
		if err != nil && err != io.EOF {
			err = fmt.Errorf("reading line %d of %s: %w", l.line+1, l.name, err)
		}
		return line, err
	}
}

// NextPair reads the next line as a JSON object with a query and a passage; other keys are ignored.
func (l *lineReader) NextPair() (crossrank.Pair, error) {
	line, err := l.Next()
	if err != nil {
		return crossrank.Pair{}, err
	}
	pair, err := parsePair(line)
	if err != nil {
		return crossrank.Pair{}, fmt.Errorf("line %d of %s: %w", l.line, l.name, err)
	}
	return pair, nil
}

// NextDocument reads the next line as plain text.
func (l *lineReader) NextDocument() (string, error) {
	line, err := l.Next()
	return string(line), err
}

func parsePair(line []byte) (crossrank.Pair, error) {
	var fields struct {
		Query   *string `json:"query"`
		Passage *string `json:"passage"`
	}
	if err := json.Unmarshal(line, &fields); err != nil {
		if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && wrong.Field != "" {
			return crossrank.Pair{}, fmt.Errorf("%q is a JSON %s, want a string", wrong.Field, wrong.Value)
		} else if ok {
			return crossrank.Pair{}, fmt.Errorf(`a JSON %s, want an object {"query": "…", "passage": "…"}`, wrong.Value)
		}
		return crossrank.Pair{}, fmt.Errorf("not a JSON object: %w", err)
	}
	if fields.Query == nil {
		return crossrank.Pair{}, errors.New(`"query" is missing`)
	}
	if fields.Passage == nil {
		return crossrank.Pair{}, errors.New(`"passage" is missing`)
	}
	return crossrank.Pair{Query: *fields.Query, Passage: *fields.Passage}, nil
}
