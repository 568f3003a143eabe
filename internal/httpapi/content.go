package httpapi

import (
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// textOrContent reads the text of an object: the key text or, as in vLLM and SGLang, the key
// content, which is a text or a list of parts, each with a text. Other parts, such as images, are
// refused.
func (o *object) textOrContent() string {
	if o.has("text") || !o.has("content") {
		return o.text("text", true)
	}
	if o.fields["content"].Kind() == '"' {
		return o.text("content", true)
	}
	var texts []string
	o.list("content", "part with a text", maxParts, func(i int, raw jsontext.Value) bool {
		if raw.Kind() != '{' {
			return false
		}
		part, err := parseObject(raw)
		if err != nil {
			o.failWith(err)
			return true
		}
		if kind := part.text("type", false); kind != "" && kind != "text" {
			o.fail(`"content"[%d] is of type %.40q; only texts are read here`, i, kind)
		}
		texts = append(texts, part.text("text", true))
		if part.err != nil {
			o.fail(`"content"[%d]: %v`, i, part.err)
		}
		return true
	})
	return strings.Join(texts, "\n")
}

// maxParts is the maximum of parts of a text.
const maxParts = 100
