package httpapi

import (
	"bytes"
	"encoding/json"
	"math"
	"slices"
	"strings"

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
	if json.Unmarshal(o.fields[name], &s) != nil {
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

// count reads a whole number, 0 or more; absent is 0.
func (o *object) count(name string) int { return o.whole(name, 0, math.MaxInt32) }

// whole reads a whole number within bounds; absent is 0.
func (o *object) whole(name string, least, most int) (n int) {
	if !o.has(name) {
		return 0
	}
	if json.Unmarshal(o.fields[name], &n) != nil || n < least || n > most {
		o.fail("%q must be a whole number from %d to %d", name, least, most)
		return 0
	}
	return n
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
	dec := json.NewDecoder(bytes.NewReader(o.fields[name]))
	_, _ = dec.Token() // the bracket; the rest is valid JSON, as its decoder has seen
	for i := 0; dec.More(); i++ {
		if i == most {
			o.failWith(crossrank.Errorf(crossrank.TooLarge, "%q has more than %d elements; split the request", name, most))
			return
		}
		var raw json.RawMessage
		if dec.Decode(&raw) != nil || !each(i, raw) {
			o.fail("%q[%d] must be a %s", name, i, what)
		}
		if o.err != nil {
			return
		}
	}
}

// texts reads a list of at most most strings.
func (o *object) texts(name string, most int) (list []string) {
	if !o.has(name) {
		o.fail("%q is missing; it must be a list of strings", name)
		return nil
	}
	o.list(name, "string", most, func(_ int, raw json.RawMessage) bool {
		var s string
		ok := raw[0] == '"' && json.Unmarshal(raw, &s) == nil
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
