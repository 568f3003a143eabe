package checkpoint

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// readPostProcessor checks that a pair is put together as BERT does it: [CLS] A [SEP] of type
// 0, then B [SEP] of type 1. TemplateProcessing and BertProcessing say so; ByteLevel changes no
// ids.
func (v *vocabulary) readPostProcessor(o *object) {
	found := false
	eachStep(o, "post_processor", "processors", func(kind string, p *object) {
		switch {
		case kind == "ByteLevel":
		case found:
			p.fail("type", "it is %.80q, which adds special tokens for a second time", kind)
		case kind == "TemplateProcessing":
			found = true
			v.readTemplate(p)
		case kind == "BertProcessing":
			found = true
			v.opts.CLS = v.namedToken(p, "cls")
			v.opts.SEP = v.namedToken(p, "sep")
		default:
			p.fail("type", "it is %.80q; TemplateProcessing and BertProcessing can be read", kind)
		}
	})
	if !found {
		o.fail("post_processor", "it adds no special tokens; TemplateProcessing and BertProcessing can be read")
	}
}

// namedToken reads ["name", id]. The vocabulary must have that name at that id.
func (v *vocabulary) namedToken(p *object, key string) string {
	if _, ok := p.need(key); !ok {
		return ""
	}
	list := p.list(key)
	if len(list) != 2 || list[0].Kind() != '"' {
		p.fail(key, "it is %.120s; it must be a token and its id", join(list))
		return ""
	}
	name := unquote(list[0])
	if want := slices.Index(v.pieces, name); want < 0 || string(list[1]) != strconv.Itoa(want) {
		p.fail(key, "it gives %.80q the id %.40s; the vocabulary has the id %d", name, list[1], want)
	}
	return name
}

func (v *vocabulary) readTemplate(p *object) {
	var parts []string
	for i, raw := range p.list("pair") {
		part, err := templatePart(p, fmt.Sprintf("%s[%d]", p.field("pair"), i), raw)
		if err != nil {
			p.err = err
			return
		}
		parts = append(parts, part)
	}
	// The names of the special tokens are the template's own.
	if len(parts) == 5 {
		v.opts.CLS, v.opts.SEP = strings.TrimSuffix(parts[0], " 0"), strings.TrimSuffix(parts[2], " 0")
	}
	want := []string{v.opts.CLS + " 0", "$A 0", v.opts.SEP + " 0", "$B 1", v.opts.SEP + " 1"}
	if !slices.Equal(parts, want) {
		p.fail("pair", "it is %.200q; BERT's is [CLS] $A [SEP] of type 0 and $B [SEP] of type 1", parts)
		return
	}
	tokens := p.object("special_tokens")
	for _, name := range []string{v.opts.CLS, v.opts.SEP} {
		v.checkTemplateToken(tokens, name)
	}
	p.merge(tokens)
}

// checkTemplateToken checks that the template gives a token the id of the vocabulary.
func (v *vocabulary) checkTemplateToken(tokens *object, name string) {
	if _, ok := tokens.need(name); !ok {
		return
	}
	token := tokens.object(name)
	ids := token.list("ids")
	want := slices.Index(v.pieces, name)
	if len(ids) != 1 || string(ids[0]) != strconv.Itoa(want) {
		token.fail("ids", "it is %.80s; the vocabulary has the id %d", join(ids), want)
	}
	tokens.merge(token)
}

// templatePart writes one part of a template as "name type".
func templatePart(p *object, path string, raw jsontext.Value) (string, error) {
	o := p.part(path, raw)
	var name string
	var part *object
	if _, ok := o.get("SpecialToken"); ok {
		part = o.object("SpecialToken")
		name = part.str("id", "")
	} else {
		o.need("Sequence")
		part = o.object("Sequence")
		name = "$" + part.str("id", "")
	}
	kind := part.size("type_id", 0, maxTypes)
	o.merge(part)
	if o.err == nil && len(o.members) != 1 {
		o.fail("", "it must be one special token or one sequence")
	}
	return fmt.Sprintf("%s %d", name, kind), o.err
}
