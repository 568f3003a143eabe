package checkpoint

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/crossrank/crossrank/internal/tokenizer"
)

// parseTokenizer reads tokenizer.json, the file of the Hugging Face tokenizers library, as far as it describes BERT's
// tokenizer; anything else in it is refused, because ids that differ a little make scores that differ without a sign.
// Its sections truncation and padding are settings of the last program that used it and are passed over, and so is the
// decoder, which only turns ids back into text.
func parseTokenizer(data []byte) (*vocabulary, error) {
	o := parseObject(tokenizerFile, "", data)
	v := &vocabulary{file: tokenizerFile}

	kind(o, "normalizer", "BertNormalizer", func(n *object) {
		v.opts.Cased = !n.boolean("lowercase", true)
		v.opts.Accents = accents(n.tristate("strip_accents"))
		v.opts.JoinCJK = !n.boolean("handle_chinese_chars", true)
		v.opts.KeepControls = !n.boolean("clean_text", true)
	})
	kind(o, "pre_tokenizer", "BertPreTokenizer", func(*object) {})
	kind(o, "model", "WordPiece", func(m *object) { v.readModel(m) })
	if o.err != nil {
		return nil, o.err
	}
	if err := v.readAdded(o); err != nil {
		return nil, err
	}
	kind(o, "post_processor", "TemplateProcessing", func(p *object) { v.readTemplate(p) })
	if o.err != nil {
		return nil, o.err
	}
	return v, nil
}

// kind reads a section that must be of one type.
func kind(o *object, key, want string, read func(*object)) {
	if _, ok := o.need(key); !ok {
		return
	}
	part := o.object(key)
	if got := part.str("type", ""); got != want {
		part.fail("type", "it is %.80q; only %s can be read", got, want)
	}
	read(part)
	o.merge(part)
}

func (v *vocabulary) readModel(m *object) {
	v.opts.Unknown = m.str("unk_token", "[UNK]")
	v.opts.Prefix = m.str("continuing_subword_prefix", "##")
	v.opts.MaxWordRunes = m.sizeOr("max_input_chars_per_word", 1, 1<<20, 100)
	if v.opts.Unknown == "" || v.opts.Prefix == "" {
		m.fail("", "unk_token and continuing_subword_prefix must not be empty")
	}
	raw, ok := m.need("vocab")
	if !ok {
		return
	}
	pieces, err := parseVocabMap(raw)
	if err != nil {
		m.fail("vocab", "%w", err)
	}
	v.pieces = pieces
}

// parseVocabMap turns {"piece": id, …} into the list of pieces. Every id from 0 up must stand there once.
func parseVocabMap(data []byte) ([]string, error) {
	ids := make(map[string]int)
	err := eachMember(data, func(piece string, dec *json.Decoder) error {
		var id int
		if err := dec.Decode(&id); err != nil {
			return fmt.Errorf("the id of %.80q: %w", piece, err)
		}
		if _, ok := ids[piece]; ok {
			return fmt.Errorf("%.80q stands twice", piece)
		}
		ids[piece] = id
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(ids) == 0 || len(ids) > maxVocab {
		return nil, fmt.Errorf("it has %d pieces; 1 to %d can be read", len(ids), maxVocab)
	}
	pieces, taken := make([]string, len(ids)), make([]bool, len(ids))
	for piece, id := range ids {
		if id < 0 || id >= len(pieces) {
			return nil, fmt.Errorf("%.80q has id %d; %d pieces have the ids 0 to %d", piece, id, len(pieces), len(pieces)-1)
		}
		if taken[id] {
			return nil, fmt.Errorf("%.80q and %.80q both have id %d", pieces[id], piece, id)
		}
		pieces[id], taken[id] = piece, true
	}
	return pieces, nil
}

func (v *vocabulary) readAdded(o *object) error {
	tokens := []tokenizer.AddedToken{} // not nil: a file that lists none means none
	for i, raw := range o.list("added_tokens") {
		token := parseObject(tokenizerFile, fmt.Sprintf("added_tokens[%d]", i), raw)
		id := token.size("id", 0, maxVocab-1)
		tokens = append(tokens, parseAdded(token, int32(id)))
		if o.merge(token); o.err != nil {
			return o.err // there may be millions of them
		}
	}
	return v.add(tokenizerFile, "added_tokens", tokens)
}

// readTemplate makes sure that a pair is put together as BERT does it: [CLS] A [SEP] with type 0, B [SEP] with type 1.
func (v *vocabulary) readTemplate(p *object) {
	var parts []string
	for i, raw := range p.list("pair") {
		part, err := templatePart(fmt.Sprintf("%s.pair[%d]", p.path, i), raw)
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

// checkTemplateToken makes sure that the template means the vocabulary's id by a name.
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
func templatePart(path string, raw []byte) (string, error) {
	o := parseObject(tokenizerFile, path, raw)
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
