package checkpoint

import (
	"fmt"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/crossrank/crossrank/internal/tokenizer"
)

// readPostProcessor reads how a pair is made of two texts. ByteLevel changes no ids, and without
// another step the texts stand side by side.
func (v *vocabulary) readPostProcessor(o *object) {
	v.opts.Pair = []tokenizer.Part{{Text: tokenizer.Query}, {Text: tokenizer.Passage, Type: 1}}
	found := false
	eachOptionalStep(o, "post_processor", "processors", func(kind string, p *object) {
		if kind == "ByteLevel" {
			return
		}
		if found {
			p.fail("type", "it is %.80q, which adds special tokens for a second time", kind)
		}
		found = true
		switch kind {
		case "TemplateProcessing":
			v.opts.Pair, v.single = readPair(p, v), readSingle(p, v)
		case "BertProcessing":
			cls, sep := v.tokenPair(p, "cls"), v.tokenPair(p, "sep")
			v.opts.Pair, v.single = bertPair(cls, sep), affixes{[]int32{cls}, []int32{sep}}
		case "RobertaProcessing":
			cls, sep := v.tokenPair(p, "cls"), v.tokenPair(p, "sep")
			v.opts.Pair, v.single = robertaPair(cls, sep), affixes{[]int32{cls}, []int32{sep}}
		default:
			p.fail("type", "it is %.80q; no such post-processor can be computed", kind)
		}
	})
}

// bertPair is the template [CLS] A [SEP] B [SEP].
func bertPair(cls, sep int32) []tokenizer.Part {
	return []tokenizer.Part{{ID: cls}, {Text: tokenizer.Query}, {ID: sep}, {Text: tokenizer.Passage, Type: 1}, {ID: sep, Type: 1}}
}

// robertaPair is the template <s> A </s></s> B </s>, all tokens of which have one type.
func robertaPair(cls, sep int32) []tokenizer.Part {
	return []tokenizer.Part{{ID: cls}, {Text: tokenizer.Query}, {ID: sep}, {ID: sep}, {Text: tokenizer.Passage}, {ID: sep}}
}

// tokenPair reads ["name", id], which must be a token of v.
func (v *vocabulary) tokenPair(p *object, key string) int32 {
	if _, ok := p.need(key); !ok {
		return 0
	}
	list := p.list(key)
	if len(list) != 2 || list[0].Kind() != '"' {
		p.fail(key, "it is %.120s; it must be a token and its id", join(list))
		return 0
	}
	id, err := v.checkToken(unquote(list[0]), list[1])
	if err != nil {
		p.fail(key, "%w", err)
	}
	return id
}

// checkToken checks that a token has an id.
func (v *vocabulary) checkToken(name string, raw jsontext.Value) (int32, error) {
	id, err := strconv.Atoi(string(raw))
	if err != nil || id < 0 || id >= v.size() || v.token(id) != name {
		return 0, fmt.Errorf("it gives %.80q the id %.40s, which is that of %.80q in the vocabulary", name, raw, v.token(id))
	}
	return int32(id), nil
}

// token is the piece or added token with an id, or "".
func (v *vocabulary) token(id int) string {
	if id >= 0 && id < len(v.pieces) {
		return v.pieces[id]
	}
	for _, t := range v.opts.Added {
		if int(t.ID) == id {
			return t.Content
		}
	}
	return ""
}

// readPair reads the member pair of a TemplateProcessing.
func readPair(p *object, v *vocabulary) []tokenizer.Part {
	p.need("pair")
	parts := readParts(p, "pair", v)
	if err := tokenizer.CheckPair(parts); err != nil {
		p.fail("pair", "%w", err)
	}
	return parts
}

// readSingle reads the member single of a TemplateProcessing, what stands around one text.
func readSingle(p *object, v *vocabulary) (a affixes) {
	side := &a.head
	for _, part := range readParts(p, "single", v) {
		if part.Text == tokenizer.NoText {
			*side = append(*side, part.ID)
		} else {
			side = &a.tail
		}
	}
	return a
}

// readParts reads the parts of a template.
func readParts(p *object, key string, v *vocabulary) (parts []tokenizer.Part) {
	tokens := p.object("special_tokens")
	for i, raw := range p.list(key) {
		o := p.part(fmt.Sprintf("%s[%d]", p.field(key), i), raw)
		parts = append(parts, readPart(o, tokens, v)...)
		p.merge(o)
		p.merge(tokens)
		if p.err != nil {
			return nil
		}
	}
	return parts
}

// readPart reads one part of a template: a text, or a special token, which may have several ids.
func readPart(o, tokens *object, v *vocabulary) []tokenizer.Part {
	if _, ok := o.get("SpecialToken"); !ok {
		o.need("Sequence")
		part := o.object("Sequence")
		kind := uint8(part.size("type_id", 0, 1))
		id := part.str("id", "")
		o.merge(part)
		switch id {
		case "A":
			return []tokenizer.Part{{Text: tokenizer.Query, Type: kind}}
		case "B":
			return []tokenizer.Part{{Text: tokenizer.Passage, Type: kind}}
		}
		o.fail("Sequence", "it is %.80q; it must be A or B", id)
		return nil
	}
	part := o.object("SpecialToken")
	name, kind := part.str("id", ""), uint8(part.size("type_id", 0, 1))
	o.merge(part)
	var parts []tokenizer.Part
	for _, id := range v.templateIDs(tokens, name) {
		parts = append(parts, tokenizer.Part{ID: id, Type: kind})
	}
	return parts
}

// templateIDs reads the ids of a special token of a template.
func (v *vocabulary) templateIDs(tokens *object, name string) (ids []int32) {
	if _, ok := tokens.need(name); !ok {
		return nil
	}
	token := tokens.object(name)
	defer tokens.merge(token)
	token.need("ids")
	list := token.list("ids")
	for _, raw := range list {
		id, err := strconv.Atoi(string(raw))
		if err != nil || id < 0 || id >= v.size() {
			token.fail("ids", "it is %.80s; ids go to %d", join(list), v.size()-1)
			return nil
		}
		if got := v.token(id); len(list) == 1 && got != name {
			token.fail("ids", "%.80q has the id %d, which is that of %.80q in the vocabulary", name, id, got)
		}
		ids = append(ids, int32(id))
	}
	return ids
}
