package httpapi

import "strings"

// rankFields are the fields of documents that are objects by which to rank, in their order, as in
// Cohere's first version. Documents that are strings, among them objects that a caller has written
// as YAML, are ranked as they are.
type rankFields struct {
	names []string
	found map[string]bool // names that are a field of some document; nil before the first object
}

// maxRankFields is the maximum of rank fields.
const maxRankFields = 16

// rankFields reads rank_fields; without it, documents are ranked by their field "text".
func (o *object) rankFields() *rankFields {
	f := &rankFields{}
	if !o.has("rank_fields") {
		return f
	}
	if f.names = o.texts("rank_fields", maxRankFields); len(f.names) == 0 {
		o.fail(`"rank_fields" is empty; name the fields to rank by, or leave it out`)
	}
	return f
}

// missing gives the first name that is a field of no document. Where no document is an object, no
// name is missing.
func (f *rankFields) missing() string {
	for _, name := range f.names {
		if f.found != nil && !f.found[name] {
			return name
		}
	}
	return ""
}

// document reads a document that is an object: its text, or else its rank fields, one per line.
func (o *object) document(fields *rankFields) document {
	doc := document{id: o.id("id")}
	if len(fields.names) == 0 {
		doc.text = o.textOrContent()
		return doc
	}
	if fields.found == nil {
		fields.found = map[string]bool{}
	}
	var lines []string
	for _, name := range fields.names {
		if o.has(name) {
			fields.found[name] = true
			lines = append(lines, o.text(name, true))
		}
	}
	if len(lines) == 0 {
		o.fail(`it has none of "rank_fields"`)
	}
	doc.text = strings.Join(lines, "\n")
	return doc
}
