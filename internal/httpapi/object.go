package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"

	"github.com/crossrank/crossrank"
)

// maxDepth bounds the nesting of a body. No dialect needs half of it.
const maxDepth = 8

// maxFields bounds the keys of an object. No dialect has a tenth of it; documents may have fields of their own. Each costs
// some hundred bytes, however few it has in the body.
const maxFields = 1024

// object is a JSON object being read field by field. Names match exactly, unknown ones are ignored because clients send
// extras, null means absent, and any other type than the asked one is an error that names the field. The first error
// sticks in err; the readers (fields.go) then give zero values.
//
// Note: encoding/json into a struct would take "Query" for "query", the last of two equal keys, and 1 MiB of empty
// strings, and would not say which text was no string.
type object struct {
	fields map[string]json.RawMessage
	err    error
}

// parseObject reads a body that must hold one JSON object and nothing else.
func parseObject(body []byte) (*object, error) {
	if len(bytes.TrimLeft(body, " \t\r\n")) == 0 {
		return nil, refuse(http.StatusBadRequest, "the body is empty; it must be a JSON object")
	}
	if tooDeep(body) {
		return nil, refuse(http.StatusBadRequest, "the body nests deeper than %d levels", maxDepth)
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	first, err := dec.Token()
	if err != nil {
		return nil, malformed(dec, err)
	}
	if first != json.Delim('{') {
		return nil, crossrank.Errorf(crossrank.InvalidArgument, "the body must be a JSON object")
	}
	o := &object{fields: map[string]json.RawMessage{}}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return nil, malformed(dec, err)
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return nil, malformed(dec, err)
		}
		name := key.(string) // in an object Token gives nothing else before a value
		if _, twice := o.fields[name]; twice {
			return nil, refuse(http.StatusBadRequest, "%q is given twice", name)
		}
		if len(o.fields) == maxFields {
			return nil, refuse(http.StatusRequestEntityTooLarge, "an object has more than %d keys", maxFields)
		}
		o.fields[name] = value
	}
	if _, err := dec.Token(); err != nil {
		return nil, malformed(dec, err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, refuse(http.StatusBadRequest, "there is something after the JSON object, near byte %d", dec.InputOffset())
	}
	return o, nil
}

// malformed words a syntax error. Those of encoding/json quote at most one character of the body.
func malformed(dec *json.Decoder, err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return refuse(http.StatusBadRequest, "the body is not valid JSON: it ends too early")
	}
	at := dec.InputOffset()
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok && syntax.Offset > at {
		at = syntax.Offset
	}
	return refuse(http.StatusBadRequest, "the body is not valid JSON near byte %d: %v", at, err)
}

// tooDeep counts brackets outside strings. It is right about valid JSON; the rest fails in the decoder.
func tooDeep(body []byte) bool {
	depth, inString := 0, false
	for i := 0; i < len(body); i++ {
		switch c := body[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '{' || c == '[':
			if depth++; depth > maxDepth {
				return true
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return false
}

// has says whether a field is there and not null.
func (o *object) has(name string) bool {
	raw, ok := o.fields[name]
	return ok && !bytes.Equal(raw, []byte("null"))
}

func (o *object) fail(format string, args ...any) {
	o.failWith(crossrank.Errorf(crossrank.InvalidArgument, format, args...))
}

func (o *object) failWith(err error) {
	if o.err == nil {
		o.err = err
	}
}
