package checkpoint

import (
	"fmt"

	"github.com/crossrank/crossrank/internal/tokenizer"
)

// maxNesting bounds how deep Sequences may nest.
const maxNesting = 4

// eachStep calls read for each step of a section of tokenizer.json. The steps of a Sequence are in
// its member list; any other section is one step. It reports whether the section is a Sequence.
func eachStep(o *object, key, list string, read func(kind string, step *object)) (sequence bool) {
	if _, ok := o.need(key); !ok {
		return false
	}
	section := o.object(key)
	walkSteps(section, list, maxNesting, read)
	o.merge(section)
	return section.str("type", "") == "Sequence"
}

func walkSteps(section *object, list string, depth int, read func(kind string, step *object)) {
	kind := section.str("type", "")
	if kind != "Sequence" || depth == 0 {
		read(kind, section)
		return
	}
	section.need(list)
	for i, raw := range section.list(list) {
		step := section.part(fmt.Sprintf("%s[%d]", section.field(list), i), raw)
		walkSteps(step, list, depth-1, read)
		if section.merge(step); section.err != nil {
			return
		}
	}
}

// readNormalizer reads a BertNormalizer, alone or among steps that change nothing about what it
// computes:
//
//   - Lowercase is its own lowercase, before it as well as after it.
//   - Strip takes off white space, which is no part of a token anyway.
//   - NFC and NFD before it are undone by its own NFD, which it has where it strips accents.
func (v *vocabulary) readNormalizer(o *object) {
	var found, lower, composed bool
	v.sequence = eachStep(o, "normalizer", "normalizers", func(kind string, n *object) {
		switch {
		case kind == "BertNormalizer" && !found:
			found = true
			n.readBERTNormalizer(&v.opts)
			if composed && !v.opts.StripsAccents() {
				n.fail("strip_accents", "it keeps accents, which the NFC or NFD before it changes")
			}
		case kind == "BertNormalizer":
			n.fail("type", "it is the second BertNormalizer; only one can be read")
		case kind == "Lowercase":
			lower = true
		case kind == "Strip":
		case (kind == "NFC" || kind == "NFD") && !found:
			composed = true
		default:
			n.fail("type", "it is %.80q; BertNormalizer can be read, with Lowercase, Strip, and NFC or NFD before it", kind)
		}
	})
	if !found {
		o.fail("normalizer", "it has no BertNormalizer; no other can be read")
	}
	if lower && v.opts.Cased {
		v.opts.Cased = false
		if v.opts.Accents == tokenizer.AccentsByCase {
			v.opts.Accents = tokenizer.KeepAccents
		}
	}
}

// readBERTNormalizer reads the settings of a BertNormalizer.
func (o *object) readBERTNormalizer(opts *tokenizer.Options) {
	opts.Cased = !o.boolean("lowercase", true)
	opts.Accents = accents(o.tristate("strip_accents"))
	opts.JoinCJK = !o.boolean("handle_chinese_chars", true)
	opts.KeepControls = !o.boolean("clean_text", true)
}

// readPreTokenizer checks that text is split at white space and at each punctuation mark, as
// BertPreTokenizer does. WhitespaceSplit does the former, Punctuation the latter.
func readPreTokenizer(o *object) {
	var spaces, marks bool
	eachStep(o, "pre_tokenizer", "pretokenizers", func(kind string, p *object) {
		switch kind {
		case "BertPreTokenizer":
			spaces, marks = true, true
		case "WhitespaceSplit":
			spaces = true
		case "Punctuation":
			marks = true
			if behavior := p.str("behavior", "Isolated"); behavior != "Isolated" {
				p.fail("behavior", "it is %.80q; only Isolated can be read", behavior)
			}
		default:
			p.fail("type", "it is %.80q; BertPreTokenizer can be read, or WhitespaceSplit with Punctuation", kind)
		}
	})
	if !spaces || !marks {
		o.fail("pre_tokenizer", "it does not split text at both white space and punctuation, as BertPreTokenizer does")
	}
}
