package httpapi

import (
	"bytes"
	"encoding/json"
	"math"

	"github.com/crossrank/crossrank"
	"github.com/go-json-experiment/json/jsontext"
)

// document is a text to rank.
type document struct {
	text string
	id   json.RawMessage // of the caller, a JSON string or number; nil = none
	raw  jsontext.Value  // as it is in the body
}

// maxIDBytes is the maximum size of a caller's id, which is sent back.
const maxIDBytes = 256

// documents reads a list of at most most documents, each a string or an object with a text and
// optionally an id.
func (o *object) documents(name string, most int) (docs []document) {
	if !o.has(name) {
		o.fail("%q is missing; it must be a list of strings", name)
		return nil
	}
	fields := o.rankFields()
	named := false
	o.list(name, "string or an object with a text", most, func(_ int, raw jsontext.Value) bool {
		var doc document
		switch raw.Kind() {
		case '"':
			doc.text, _ = unquote(raw)
		case '{':
			inner, err := parseObject(raw)
			if err != nil {
				o.failWith(err)
				return true
			}
			doc = inner.document(fields)
			if inner.err != nil {
				o.fail("%q[%d]: %v", name, len(docs), inner.err)
			}
			named = named || doc.id != nil
		default:
			return false
		}
		doc.raw = raw
		docs = append(docs, doc)
		return true
	})
	if missing := fields.missing(); missing != "" {
		o.fail(`"rank_fields" has %.40q, which is a field of no document`, missing)
	}
	if o.has("ids") {
		o.ids(docs, named)
	}
	return docs
}

// ids sets the ids of documents from a separate list.
func (o *object) ids(docs []document, named bool) {
	if named {
		o.fail(`give ids in "ids" or in the documents, not in both`)
		return
	}
	n := 0
	o.list("ids", "string or a number", math.MaxInt, func(i int, raw jsontext.Value) bool {
		n++
		id := o.idOf("ids", raw)
		if i < len(docs) {
			docs[i].id = id
		}
		return id != nil
	})
	if n != len(docs) {
		o.fail(`"ids" has %d elements, and there are %d documents`, n, len(docs))
	}
}

// id reads an id; absent is nil.
func (o *object) id(name string) json.RawMessage {
	if !o.has(name) {
		return nil
	}
	id := o.idOf(name, o.fields[name])
	if id == nil {
		o.fail("%q must be a string or a number", name)
	}
	return id
}

// idOf returns a JSON string or number in a form that can be sent back, and nil for anything else.
func (o *object) idOf(name string, raw jsontext.Value) json.RawMessage {
	if len(raw) > maxIDBytes {
		o.failWith(crossrank.Errorf(crossrank.TooLarge, "%q has an id of more than %d bytes", name, maxIDBytes))
		return nil
	}
	switch raw.Kind() {
	case '"':
		s, _ := unquote(raw) // replaces invalid UTF-8
		clean, err := json.Marshal(s)
		if err != nil {
			return nil
		}
		return clean
	case '0':
		return json.RawMessage(bytes.Clone(raw)) // a copy, so that the body can be collected before the reply is written
	}
	return nil
}
