package httpapi

import (
	"bytes"
	"errors"
	"io"
	"net/http"

	"github.com/crossrank/crossrank"
	"github.com/go-json-experiment/json/jsontext"
)

// maxDepth is the maximum nesting of a body. No dialect needs half of it.
const maxDepth = 8

// maxFields is the maximum of keys in an object. No dialect has a tenth of it, but documents may
// have fields of their own. Each key costs about a hundred bytes, however short.
const maxFields = 1024

// object is a JSON object that is read field by field. Names match exactly. Unknown names are
// ignored, because clients send extra ones. null means absent. A value of another type than the one
// that is read is an error that names the field. The first error is kept in err; after it, the
// readers (fields.go) return zero values.
//
// Values are parts of the body, not copies of it. What outlives the request must be copied.
type object struct {
	fields map[string]jsontext.Value
	lax    bool // a boolean or a whole number may be a string
	err    error
}

// decoder reads JSON without copying it. Text that is not UTF-8 is read as U+FFFD. Repeated names
// are found by decodeObject, which needs no second set of all names for it.
func decoder(text []byte) *jsontext.Decoder {
	return jsontext.NewDecoder(bytes.NewBuffer(text), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
}

// parseBody reads a body that must hold one JSON object and nothing else.
func parseBody(body []byte) (*object, error) {
	if len(bytes.TrimLeft(body, " \t\r\n")) == 0 {
		return nil, refuse(http.StatusBadRequest, "the body is empty; it must be a JSON object")
	}
	if tooDeep(body) {
		return nil, refuse(http.StatusBadRequest, "the body nests deeper than %d levels", maxDepth)
	}
	dec := decoder(body)
	o, err := decodeObject(dec)
	if err != nil {
		return nil, err
	}
	if _, err := dec.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, refuse(http.StatusBadRequest, "there is something after the JSON object, near byte %d", dec.InputOffset())
	}
	return o, nil
}

// parseObject reads a value of a body that must be an object. Its depth was checked with the body.
func parseObject(raw jsontext.Value) (*object, error) { return decodeObject(decoder(raw)) }

// decodeObject reads the next value, which must be an object.
func decodeObject(dec *jsontext.Decoder) (*object, error) {
	if first, err := dec.ReadToken(); err != nil {
		return nil, malformed(err)
	} else if first.Kind() != '{' {
		return nil, crossrank.Errorf(crossrank.InvalidArgument, "the body must be a JSON object")
	}
	o := &object{fields: map[string]jsontext.Value{}}
	for dec.PeekKind() != '}' {
		if err := o.readField(dec); err != nil {
			return nil, err
		}
	}
	if _, err := dec.ReadToken(); err != nil {
		return nil, malformed(err)
	}
	return o, nil
}

// readField reads a name and its value.
func (o *object) readField(dec *jsontext.Decoder) error {
	key, err := dec.ReadToken()
	if err != nil {
		return malformed(err)
	}
	name := key.String()
	value, err := dec.ReadValue()
	if err != nil {
		return malformed(err)
	}
	if _, twice := o.fields[name]; twice {
		return refuse(http.StatusBadRequest, "%q is given twice", name)
	}
	if len(o.fields) == maxFields {
		return refuse(http.StatusRequestEntityTooLarge, "an object has more than %d keys", maxFields)
	}
	o.fields[name] = value
	return nil
}

// malformed is the error for invalid JSON. It does not repeat names of the body.
func malformed(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return refuse(http.StatusBadRequest, "the body is not valid JSON: it ends too early")
	}
	if syntax, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		return refuse(http.StatusBadRequest, "the body is not valid JSON near byte %d: %v", syntax.ByteOffset, syntax.Err)
	}
	return refuse(http.StatusBadRequest, "the body is not valid JSON")
}

// tooDeep counts brackets outside strings. It is exact for valid JSON; the decoder refuses the
// rest.
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

// set gives a field a value, which must be valid JSON.
func (o *object) set(name, value string) { o.fields[name] = jsontext.Value(value) }

// has reports whether a field is present and not null.
func (o *object) has(name string) bool {
	raw, ok := o.fields[name]
	return ok && raw.Kind() != 'n'
}

func (o *object) fail(format string, args ...any) {
	o.failWith(crossrank.Errorf(crossrank.InvalidArgument, format, args...))
}

func (o *object) failWith(err error) {
	if o.err == nil {
		o.err = err
	}
}
