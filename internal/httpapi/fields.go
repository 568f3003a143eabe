package httpapi

import (
	"bytes"
	"iter"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/crossrank/crossrank"
	"github.com/go-json-experiment/json/jsontext"
)

// text reads a string.
func (o *object) text(name string, needed bool) (s string) {
	if !o.has(name) {
		if needed {
			o.fail("%q is missing; it must be a string", name)
		}
		return ""
	}
	s, ok := unquote(o.fields[name])
	if !ok {
		o.fail("%q must be a string", name)
	}
	return s
}

// flag reads a boolean; absent is false.
func (o *object) flag(name string) (b bool) {
	if !o.has(name) {
		return false
	}
	kind := o.scalar(name).Kind()
	if kind != 't' && kind != 'f' {
		o.fail("%q must be true or false", name)
	}
	return kind == 't'
}

// scalar gives a field's value. Where the dialect is lax, that of a string is its content: clients
// in Python send "true", "True" and "2".
func (o *object) scalar(name string) jsontext.Value {
	raw := o.fields[name]
	text, isText := unquote(raw)
	if !o.lax || !isText {
		return raw
	}
	value := jsontext.Value(text)
	if text == "True" || text == "False" {
		value = jsontext.Value(strings.ToLower(text))
	}
	if !value.IsValid() {
		return raw
	}
	return value
}

// count reads an integer, 0 or more; absent is 0.
func (o *object) count(name string) int { return o.whole(name, 0, math.MaxInt32) }

// whole reads an integer within bounds; absent is 0.
func (o *object) whole(name string, least, most int) (n int) {
	if !o.has(name) {
		return 0
	}
	number, ok := wholeNumber(o.scalar(name))
	if !ok || number < int64(least) || number > int64(most) {
		o.fail("%q must be a whole number from %d to %d", name, least, most)
		return 0
	}
	return int(number)
}

// oneOf returns which of several names for the same value is present, or "". Two of them are an
// error.
func (o *object) oneOf(names ...string) (name string) {
	for _, n := range names {
		switch {
		case !o.has(n):
		case name != "":
			o.fail("%q and %q mean the same; give one", name, n)
		default:
			name = n
		}
	}
	return name
}

// choice reads one of several words; absent is "".
func (o *object) choice(name string, words ...string) string {
	word := o.text(name, false)
	if word != "" && !slices.Contains(words, word) || word == "" && o.has(name) {
		o.fail("%q must be one of %s", name, strings.Join(words, ", "))
		return ""
	}
	return word
}

// list calls each with every element of a list of at most most elements, and stops at the first one
// beyond. What describes the elements in errors. Each returns false for an invalid element.
func (o *object) list(name, what string, most int, each func(i int, raw jsontext.Value) bool) {
	if !o.has(name) || o.fields[name].Kind() != '[' {
		o.fail("%q must be a list, each element a %s", name, what)
		return
	}
	i := 0
	for raw := range elements(o.fields[name]) {
		if i == most {
			o.failWith(crossrank.Errorf(crossrank.TooLarge, "%q has more than %d elements; split the request", name, most))
			return
		}
		if !each(i, raw) {
			o.fail("%q[%d] must be a %s", name, i, what)
		}
		if o.err != nil {
			return
		}
		i++
	}
}

// elements gives the elements of a list, which must be valid JSON.
func elements(list jsontext.Value) iter.Seq[jsontext.Value] {
	return func(yield func(jsontext.Value) bool) {
		dec := decoder(list)
		if _, err := dec.ReadToken(); err != nil {
			return
		}
		for dec.PeekKind() != ']' {
			element, err := dec.ReadValue()
			if err != nil || !yield(element) {
				return
			}
		}
	}
}

// unquote reads a string, which must be valid JSON, and reports whether it is one. Invalid UTF-8
// becomes U+FFFD.
func unquote(raw jsontext.Value) (s string, ok bool) {
	if raw.Kind() != '"' {
		return "", false
	}
	if inner := raw[1 : len(raw)-1]; bytes.IndexByte(inner, '\\') < 0 && utf8.Valid(inner) {
		return string(inner), true
	}
	text, _ := jsontext.AppendUnquote(nil, raw) // its error only reports replaced bytes
	return string(text), true
}

// texts reads a list of at most most strings.
func (o *object) texts(name string, most int) (list []string) {
	if !o.has(name) {
		o.fail("%q is missing; it must be a list of strings", name)
		return nil
	}
	o.list(name, "string", most, func(_ int, raw jsontext.Value) bool {
		s, ok := unquote(raw)
		list = append(list, s)
		return ok
	})
	return list
}

// textOrTexts reads a string or a list of strings, and reports which it was.
func (o *object) textOrTexts(name string, most int) (list []string, isList bool) {
	if !o.has(name) {
		o.fail("%q is missing; it must be a string or a list of strings", name)
		return nil, false
	}
	switch o.fields[name].Kind() {
	case '"':
		return []string{o.text(name, true)}, false
	case '[':
		return o.texts(name, most), true
	}
	o.fail("%q must be a string or a list of strings", name)
	return nil, false
}
