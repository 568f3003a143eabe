package checkpoint

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// object reads the members of one JSON object. The first fault is kept in err; after it, every
// method returns its fallback. So a caller can read all members, one per line, and check err once.
//
// Keys are case-sensitive. A key that appears twice is refused.
type object struct {
	file, path string
	text       []byte         // of the whole file
	raw        jsontext.Value // the object in it
	members    map[string]jsontext.Value
	err        error
}

// parseObject reads a file that is one JSON object. Besides JSON it reads NaN and Infinity, as
// Python writes them.
func parseObject(file string, data []byte) *object {
	o := &object{file: file, text: quoteConstants(data)}
	o.parse(o.text)
	return o
}

// part reads an object inside o. raw must be a part of o's text; path is its place in the file.
func (o *object) part(path string, raw jsontext.Value) *object {
	p := &object{file: o.file, path: path, text: o.text}
	p.parse(raw)
	return p
}

func (o *object) parse(raw jsontext.Value) {
	o.raw, o.members = raw, make(map[string]jsontext.Value)
	err := eachMember(raw, func(key string, value jsontext.Value) error {
		if _, ok := o.members[key]; ok {
			return o.fault(key, value, errors.New("the key appears twice"))
		}
		o.members[key] = value
		return nil
	})
	var syntax *syntaxError
	switch {
	case errors.As(err, &syntax):
		syntax.at += int64(o.offset(raw))
		o.err = &Error{File: o.file, Line: o.line(int(syntax.at)), Field: o.path, Err: fmt.Errorf("reading a JSON object: %w", syntax)}
	default:
		o.err = err
	}
}

// offset is the place of a part of the text. A part's capacity extends to the end of the text's.
func (o *object) offset(raw jsontext.Value) int { return cap(o.text) - cap(raw) }

// line is the number of the line with the byte at an offset, or 0 if the file has only one line.
func (o *object) line(at int) int {
	if !bytes.Contains(bytes.TrimSpace(o.text), []byte("\n")) {
		return 0
	}
	return 1 + bytes.Count(o.text[:max(0, min(at, len(o.text)))], []byte("\n"))
}

// fault makes an error about the member key, whose value is raw. If it is absent, the line is that
// of the object.
func (o *object) fault(key string, raw jsontext.Value, err error) *Error {
	e := &Error{File: o.file, Field: o.field(key), Err: err}
	if raw == nil && o.path != "" {
		raw = o.raw
	}
	if raw != nil {
		e.Line = o.line(o.offset(raw))
	}
	return e
}

func (o *object) field(key string) string {
	if o.path == "" || key == "" {
		return o.path + key
	}
	return o.path + "." + key
}

// fail records a fault of the member key, unless there is one already.
func (o *object) fail(key, format string, args ...any) {
	if o.err == nil {
		o.err = o.fault(key, o.members[key], fmt.Errorf(format, args...))
	}
}

// get returns a member that exists and is not null.
func (o *object) get(key string) (jsontext.Value, bool) {
	raw, ok := o.members[key]
	return unquoteConstant(raw), ok && o.err == nil && string(raw) != "null"
}

// need is get for a member that must exist.
func (o *object) need(key string) (jsontext.Value, bool) {
	raw, ok := o.get(key)
	if !ok {
		o.fail(key, "it is missing")
	}
	return raw, ok
}

// size returns an integer, which must exist and be within min and max.
func (o *object) size(key string, min, max int) int {
	raw, ok := o.need(key)
	if !ok {
		return min
	}
	n, err := strconv.ParseInt(string(raw), 10, 64)
	switch {
	case errors.Is(err, strconv.ErrSyntax):
		o.fail(key, "it must be an integer, not %.40s", raw)
	case err != nil || n < int64(min) || n > int64(max):
		o.fail(key, "it is %.40s; it must be %d to %d", raw, min, max)
	default:
		return int(n)
	}
	return min
}

// integer returns an integer of any size that 32 bits hold, if the member exists.
func (o *object) integer(key string) (n int, ok bool) {
	raw, ok := o.get(key)
	if !ok {
		return 0, false
	}
	x, err := strconv.ParseInt(string(raw), 10, 32)
	if err != nil {
		o.fail(key, "it must be an integer of at most 32 bits, not %.40s", raw)
	}
	return int(x), err == nil
}

// sizeOr is size for a member that may be absent.
func (o *object) sizeOr(key string, min, max, fallback int) int {
	if _, ok := o.get(key); !ok {
		return fallback
	}
	return o.size(key, min, max)
}

// fraction returns a number above 0 and below 1, also as a float32.
func (o *object) fraction(key string, fallback float32) float32 {
	raw, x, ok := o.number(key)
	if !ok {
		return fallback
	}
	if v := float32(x); v > 0 && v < 1 {
		return v
	}
	o.fail(key, "it is %.40s; it must lie between 0 and 1", raw)
	return fallback
}

// positive returns a number above 0.
func (o *object) positive(key string, fallback float64) float64 {
	raw, x, ok := o.number(key)
	if !ok {
		return fallback
	}
	if x > 0 && !math.IsInf(x, 0) {
		return x
	}
	o.fail(key, "it is %.40s; it must be above 0", raw)
	return fallback
}

// number returns a number as it is written and as a float64, if the member exists. It is infinite
// if it is larger than any float64.
func (o *object) number(key string) (raw jsontext.Value, x float64, ok bool) {
	raw, ok = o.get(key)
	if !ok {
		return nil, 0, false
	}
	x, err := strconv.ParseFloat(string(raw), 64)
	if errors.Is(err, strconv.ErrSyntax) {
		o.fail(key, "it must be a number, not %.40s", raw)
		return nil, 0, false
	}
	return raw, x, true
}

func (o *object) str(key, fallback string) string {
	raw, ok := o.get(key)
	if !ok {
		return fallback
	}
	if raw.Kind() != '"' {
		o.fail(key, "it must be a string, not %.40s", raw)
		return fallback
	}
	return unquote(raw)
}

func (o *object) boolean(key string, fallback bool) bool {
	raw, ok := o.get(key)
	if !ok {
		return fallback
	}
	if kind := raw.Kind(); kind != 't' && kind != 'f' {
		o.fail(key, "it must be true or false, not %.40s", raw)
		return fallback
	}
	return raw.Kind() == 't'
}

// tristate returns nil for a member that is null or absent.
func (o *object) tristate(key string) *bool {
	if _, ok := o.get(key); !ok {
		return nil
	}
	value := o.boolean(key, false)
	return &value
}

// object returns a member that is an object; an absent one is empty.
func (o *object) object(key string) *object {
	raw, ok := o.get(key)
	if !ok {
		return &object{file: o.file, path: o.field(key), text: o.text}
	}
	return o.part(o.field(key), raw)
}

// list returns a member that is a list; an absent one is empty.
func (o *object) list(key string) []jsontext.Value {
	raw, ok := o.get(key)
	if !ok {
		return nil
	}
	list, err := elements(raw)
	if err != nil {
		o.fail(key, "it must be a list, not %.40s", raw)
	}
	return list
}

// merge records the fault of an object that is part of this one.
func (o *object) merge(part *object) {
	if o.err == nil {
		o.err = part.err
	}
}
