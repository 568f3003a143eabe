package httpapi

import (
	"bytes"
	"encoding/json"
	"iter"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/crossrank/crossrank"
)

// text reads a string, which must be there if it is needed.
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
	if o.has(name) && json.Unmarshal(o.fields[name], &b) != nil {
		o.fail("%q must be true or false", name)
	}
	return b
}

// count reads an integer, 0 or more; absent is 0.
func (o *object) count(name string) int { return o.whole(name, 0, math.MaxInt32) }

// whole reads an integer within bounds; absent is 0.
func (o *object) whole(name string, least, most int) (n int) {
	if !o.has(name) {
		return 0
	}
	number, ok := wholeNumber(o.fields[name])
	if !ok || number < int64(least) || number > int64(most) {
		o.fail("%q must be a whole number from %d to %d", name, least, most)
		return 0
	}
	return int(number)
}

// oneOf reads the one of several names for the same thing that is there, and "" if none is. Two of them are an error.
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

// list calls each with every element of a list of at most most; it stops at the first one too many, however many follow.
// What says what the elements are. Each says whether its element is one.
func (o *object) list(name, what string, most int, each func(i int, raw json.RawMessage) bool) {
	if !o.has(name) || o.fields[name][0] != '[' {
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

// elements gives the elements of a list, which must be valid JSON. To find where they end takes less than to read them.
func elements(list json.RawMessage) iter.Seq[json.RawMessage] {
	return func(yield func(json.RawMessage) bool) {
		start, depth, inString := 1, 0, false
		for i := 1; i < len(list)-1; i++ {
			switch c := list[i]; {
			case inString && c == '\\':
				i++
			case c == '"':
				inString = !inString
			case inString:
			case c == '[' || c == '{':
				depth++
			case c == ']' || c == '}':
				depth--
			case c == ',' && depth == 0:
				if !yield(bytes.TrimSpace(list[start:i])) {
					return
				}
				start = i + 1
			}
		}
		if last := bytes.TrimSpace(list[start : len(list)-1]); len(last) > 0 {
			yield(last)
		}
	}
}

// unquote reads a string, which must be valid JSON, and says whether it is one. Bytes that are not UTF-8 become U+FFFD.
func unquote(raw json.RawMessage) (s string, ok bool) {
	if raw[0] != '"' {
		return "", false
	}
	if inner := raw[1 : len(raw)-1]; bytes.IndexByte(inner, '\\') < 0 && utf8.Valid(inner) {
		return string(inner), true
	}
	ok = json.Unmarshal(raw, &s) == nil
	return s, ok
}

// texts reads a list of at most most strings.
func (o *object) texts(name string, most int) (list []string) {
	if !o.has(name) {
		o.fail("%q is missing; it must be a list of strings", name)
		return nil
	}
	o.list(name, "string", most, func(_ int, raw json.RawMessage) bool {
		s, ok := unquote(raw)
		list = append(list, s)
		return ok
	})
	return list
}

// textOrTexts reads a string or a list of strings, and says which it was.
func (o *object) textOrTexts(name string, most int) (list []string, isList bool) {
	if !o.has(name) {
		o.fail("%q is missing; it must be a string or a list of strings", name)
		return nil, false
	}
	switch o.fields[name][0] {
	case '"':
		return []string{o.text(name, true)}, false
	case '[':
		return o.texts(name, most), true
	}
	o.fail("%q must be a string or a list of strings", name)
	return nil, false
}
