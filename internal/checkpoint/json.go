package checkpoint

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/go-json-experiment/json/jsontext"
)

// eachMember calls f for each member of the object that data must be, in their order. A value is a
// part of data. Names may repeat: f decides what that means.
func eachMember(data []byte, f func(name string, value jsontext.Value) error) error {
	dec := jsontext.NewDecoder(bytes.NewBuffer(data), jsontext.AllowDuplicateNames(true))
	if kind := dec.PeekKind(); kind != '{' && kind != 0 {
		return &syntaxError{err: fmt.Errorf("it begins with %s", kind)}
	}
	if _, err := dec.ReadToken(); err != nil {
		return newSyntaxError(err)
	}
	for dec.PeekKind() != '}' {
		name, err := dec.ReadToken()
		if err != nil {
			return newSyntaxError(err)
		}
		key := name.String()
		value, err := dec.ReadValue()
		if err != nil {
			return newSyntaxError(err)
		}
		end := int(dec.InputOffset())
		if err := f(key, data[end-len(value):end]); err != nil {
			return err
		}
	}
	if _, err := dec.ReadToken(); err != nil {
		return newSyntaxError(err)
	}
	if end := dec.InputOffset(); len(bytes.TrimLeft(data[end:], " \t\r\n")) > 0 {
		return &syntaxError{at: end, err: errors.New("something follows the object")}
	}
	return nil
}

// elements lists the elements of the array in data, each a part of data.
func elements(data []byte) ([]jsontext.Value, error) {
	dec := jsontext.NewDecoder(bytes.NewBuffer(data), jsontext.AllowDuplicateNames(true))
	if dec.PeekKind() != '[' {
		return nil, &syntaxError{err: errors.New("it is no list")}
	}
	if _, err := dec.ReadToken(); err != nil {
		return nil, newSyntaxError(err)
	}
	var list []jsontext.Value
	for dec.PeekKind() != ']' {
		value, err := dec.ReadValue()
		if err != nil {
			return nil, newSyntaxError(err)
		}
		end := int(dec.InputOffset())
		list = append(list, data[end-len(value):end])
	}
	return list, nil
}

// syntaxError is a fault of the JSON text itself.
type syntaxError struct {
	at  int64 // bytes before it
	err error
}

func (e *syntaxError) Error() string { return fmt.Sprintf("byte %d: %v", e.at, e.err) }

func newSyntaxError(err error) *syntaxError {
	e := &syntaxError{err: err}
	if s := (*jsontext.SyntacticError)(nil); errors.As(err, &s) {
		e.at, e.err = s.ByteOffset, s.Err
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		e.err = errors.New("it ends too early")
	}
	return e
}

// constants are numbers that Python's json module writes and JSON does not have. quoteConstants
// turns each into a string that begins with constantMark, so that a strict reader accepts the file.
// unquoteConstant reverts that.
var constants = [][]byte{[]byte("NaN"), []byte("Infinity"), []byte("-Infinity")}

const (
	constantMark = `"\u0000`
	maxConstants = 1_000 // of one file; further ones are syntax errors
)

func quoteConstants(data []byte) []byte {
	if !bytes.Contains(data, constants[0]) && !bytes.Contains(data, constants[1]) {
		return data
	}
	var out []byte
	done, count := 0, 0 // data[:done] is in out
	for at := 0; at < len(data) && count < maxConstants; {
		c := data[at]
		if c == '"' {
			at += stringLen(data[at:])
			continue
		}
		n := 0
		if c == 'N' || c == 'I' || c == '-' {
			n = constantLen(data[at:])
		}
		if n == 0 {
			at++
			continue
		}
		out = append(append(out, data[done:at]...), constantMark...)
		out = append(append(out, data[at:at+n]...), '"')
		at += n
		done = at
		count++
	}
	if count == 0 {
		return data
	}
	return append(out, data[done:]...)
}

// unquote is the text of a valid JSON string.
func unquote(raw jsontext.Value) string {
	text, _ := jsontext.AppendUnquote(nil, raw) // it is valid, so there is no error
	return string(text)
}

// constantLen is the length of the constant at the beginning of data, or 0. The name of a member is
// not a constant.
func constantLen(data []byte) int {
	for _, c := range constants {
		rest, ok := bytes.CutPrefix(data, c)
		if ok && !bytes.HasPrefix(bytes.TrimLeft(rest, " \t\r\n"), []byte(":")) {
			return len(c)
		}
	}
	return 0
}

// stringLen is the length of the JSON string at the beginning of data, quotes included.
func stringLen(data []byte) int {
	for i := 1; i < len(data); i++ {
		switch data[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(data)
}

func unquoteConstant(raw jsontext.Value) jsontext.Value {
	if !bytes.HasPrefix(raw, []byte(constantMark)) {
		return raw
	}
	text := raw[len(constantMark) : len(raw)-1]
	if slices.ContainsFunc(constants, func(c []byte) bool { return bytes.Equal(c, text) }) {
		return text
	}
	return raw
}
