package checkpoint

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"unicode/utf8"
)

// object reads the members of one JSON object. The first fault is kept in err, after which every method gives its
// fallback, so that a list of members reads as a list of lines and is checked once at its end.
//
// Its keys are exact: unlike the standard decoder's they are case-sensitive, and one that stands twice is refused.
type object struct {
	file, path string
	members    map[string]json.RawMessage
	err        error
}

// parseObject reads all of data as one object. Path is where it stands in the file; empty for the file itself.
func parseObject(file, path string, data []byte) *object {
	o := &object{file: file, path: path, members: make(map[string]json.RawMessage)}
	if path == "" && !utf8.Valid(data) {
		o.fail("", "it is not UTF-8")
		return o
	}
	o.err = eachMember(data, func(key string, dec *json.Decoder) error {
		if _, ok := o.members[key]; ok {
			return &Error{File: file, Field: o.field(key), Err: errors.New("the key stands twice")}
		}
		var raw json.RawMessage
		if err := dec.Decode(&raw); err != nil {
			return err
		}
		o.members[key] = raw
		return nil
	})
	if e := (*Error)(nil); o.err != nil && !errors.As(o.err, &e) {
		o.err = &Error{File: file, Field: path, Err: fmt.Errorf("reading a JSON object: %w", o.err)}
	}
	return o
}

// eachMember calls f for each key of the object that data must be; f decodes the value.
func eachMember(data []byte, f func(key string, dec *json.Decoder) error) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	tok, err := dec.Token()
	if err != nil {
		return jsonError(err)
	}
	if tok != json.Delim('{') {
		return fmt.Errorf("it begins with %v", tok)
	}
	for dec.More() {
		tok, err := dec.Token()
		if err != nil {
			return jsonError(err)
		}
		key, ok := tok.(string)
		if !ok {
			return fmt.Errorf("byte %d: a key must be a string", dec.InputOffset())
		}
		if err := f(key, dec); err != nil {
			return jsonError(err)
		}
	}
	if _, err := dec.Token(); err != nil {
		return jsonError(err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return fmt.Errorf("something follows the object at byte %d", dec.InputOffset())
	}
	return nil
}

// jsonError adds the place to a syntax error, and says end of file in words.
func jsonError(err error) error {
	if s := (*json.SyntaxError)(nil); errors.As(err, &s) {
		return fmt.Errorf("byte %d: %w", s.Offset, err)
	}
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return errors.New("it ends too early")
	}
	return err
}

func (o *object) field(key string) string {
	if o.path == "" || key == "" {
		return o.path + key
	}
	return o.path + "." + key
}

// fail keeps a fault of the member key, unless there is one already.
func (o *object) fail(key, format string, args ...any) {
	if o.err == nil {
		o.err = &Error{File: o.file, Field: o.field(key), Err: fmt.Errorf(format, args...)}
	}
}

// get gives a member that is there and not null.
func (o *object) get(key string) (json.RawMessage, bool) {
	raw, ok := o.members[key]
	return raw, ok && o.err == nil && string(raw) != "null"
}

// need is get for a member that must be there.
func (o *object) need(key string) (json.RawMessage, bool) {
	raw, ok := o.get(key)
	if !ok {
		o.fail(key, "it is missing")
	}
	return raw, ok
}

// size gives an integer that must be there and lie within min and max.
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

// sizeOr is size for a member that may be absent.
func (o *object) sizeOr(key string, min, max, fallback int) int {
	if _, ok := o.get(key); !ok {
		return fallback
	}
	return o.size(key, min, max)
}

// fraction gives a number above 0 and below 1 that stays so as a float32.
func (o *object) fraction(key string, fallback float32) float32 {
	raw, ok := o.get(key)
	if !ok {
		return fallback
	}
	x, err := strconv.ParseFloat(string(raw), 64)
	if errors.Is(err, strconv.ErrSyntax) {
		o.fail(key, "it must be a number, not %.40s", raw)
		return fallback
	}
	if v := float32(x); err == nil && v > 0 && v < 1 {
		return v
	}
	o.fail(key, "it is %.40s; it must lie between 0 and 1", raw)
	return fallback
}

func (o *object) str(key, fallback string) string {
	value := fallback
	if raw, ok := o.get(key); ok && json.Unmarshal(raw, &value) != nil {
		o.fail(key, "it must be a string, not %.40s", raw)
		return fallback
	}
	return value
}

func (o *object) boolean(key string, fallback bool) bool {
	value := fallback
	if raw, ok := o.get(key); ok && json.Unmarshal(raw, &value) != nil {
		o.fail(key, "it must be true or false, not %.40s", raw)
		return fallback
	}
	return value
}

// tristate gives nil for a member that is null or absent.
func (o *object) tristate(key string) *bool {
	if _, ok := o.get(key); !ok {
		return nil
	}
	value := o.boolean(key, false)
	return &value
}

// object gives a member that is an object; an absent one is empty.
func (o *object) object(key string) *object {
	raw, ok := o.get(key)
	if !ok {
		return &object{file: o.file, path: o.field(key)}
	}
	return parseObject(o.file, o.field(key), raw)
}

// list gives a member that is a list; an absent one is empty.
func (o *object) list(key string) []json.RawMessage {
	var value []json.RawMessage
	if raw, ok := o.get(key); ok && json.Unmarshal(raw, &value) != nil {
		o.fail(key, "it must be a list, not %.40s", raw)
	}
	return value
}

// merge takes over the fault of an object that was read as part of this one.
func (o *object) merge(part *object) {
	if o.err == nil {
		o.err = part.err
	}
}
