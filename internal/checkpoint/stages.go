package checkpoint

import (
	"encoding/base64"
	"unicode/utf8"

	"github.com/crossrank/crossrank/internal/tokenizer"
)

// stages are the sections of tokenizer.json, one value a component.
type stages struct {
	model         *modelSection
	normalizers   []tokenizer.Normalizer
	preTokenizers []tokenizer.PreTokenizer
	sequence      bool // the pre-tokenizers are a Sequence
	lowers        bool // a normalizer lower-cases text
}

// maxSteps bounds the steps of a section, each of which reads the whole text.
const maxSteps = 32

func (s *stages) read(o *object) {
	eachOptionalStep(o, "normalizer", "normalizers", s.readNormalizer)
	s.sequence = eachOptionalStep(o, "pre_tokenizer", "pretokenizers", s.readPreTokenizer)
}

// eachOptionalStep is eachStep for a section that may be null or absent.
func eachOptionalStep(o *object, key, list string, read func(kind string, step *object)) (sequence bool) {
	if _, ok := o.get(key); !ok {
		return false
	}
	steps := 0
	return eachStep(o, key, list, func(kind string, step *object) {
		if steps++; steps > maxSteps {
			step.fail("type", "it is step %d; at most %d can be computed", steps, maxSteps)
			return
		}
		read(kind, step)
	})
}

func (s *stages) build(v *vocabulary) (*tokenizer.Tokenizer, error) {
	model, err := s.model.build(v)
	if err != nil {
		return nil, err
	}
	return tokenizer.Build(tokenizer.Config{
		Added: v.opts.Added, Normalizers: s.normalizers, PreTokenizers: s.preTokenizers, Model: model, Pair: v.opts.Pair,
	})
}

// unicodeForms are the normalizers that are a normalization form of Unicode.
var unicodeForms = map[string]*tokenizer.UnicodeForm{
	"NFC": tokenizer.NFC, "NFD": tokenizer.NFD, "NFKC": tokenizer.NFKC, "NFKD": tokenizer.NFKD,
}

func (s *stages) readNormalizer(kind string, n *object) {
	var made tokenizer.Normalizer
	switch kind {
	case "NFC", "NFD", "NFKC", "NFKD":
		made = unicodeForms[kind]
	case "BertNormalizer":
		var opts tokenizer.Options
		n.readBERTNormalizer(&opts)
		made = tokenizer.NewBERTNormalizer(opts)
		s.lowers = s.lowers || !opts.Cased
	case "Lowercase":
		made = tokenizer.Lowercase{}
		s.lowers = true
	case "StripAccents":
		made = tokenizer.RemoveMarks{}
	case "Strip":
		made = tokenizer.Strip{Left: n.boolean("strip_left", true), Right: n.boolean("strip_right", true)}
	case "Prepend":
		made = tokenizer.Prepend{Text: n.str("prepend", "")}
	case "Nmt":
		made = tokenizer.NMT{}
	case "ByteLevel":
		made = tokenizer.ByteCharacters{}
	case "Precompiled":
		made = readPrecompiled(n)
	case "Replace":
		made = readReplace(n)
	default:
		n.fail("type", "it is %.80q; no such normalizer can be computed", kind)
	}
	s.normalizers = append(s.normalizers, made)
}

func readPrecompiled(n *object) tokenizer.Normalizer {
	raw, ok := n.need("precompiled_charsmap")
	if !ok {
		return nil
	}
	data, err := base64.StdEncoding.DecodeString(n.str("precompiled_charsmap", ""))
	if err != nil {
		n.fail("precompiled_charsmap", "its %d bytes are not base64: %w", len(raw), err)
		return nil
	}
	p, err := tokenizer.NewPrecompiled(data)
	if err != nil {
		n.fail("precompiled_charsmap", "%w", err)
	}
	return p
}

func readReplace(n *object) tokenizer.Normalizer {
	return tokenizer.Replace{Pattern: readPattern(n), Content: n.str("content", "")}
}

// readPattern reads {"String": …} or {"Regex": …}.
func readPattern(o *object) tokenizer.Pattern {
	if _, ok := o.need("pattern"); !ok {
		return nil
	}
	p := o.object("pattern")
	key, newPattern := "String", tokenizer.NewTextPattern
	if _, ok := p.get("Regex"); ok {
		key, newPattern = "Regex", tokenizer.NewRegexPattern
	}
	p.need(key)
	text := p.str(key, "")
	if o.merge(p); o.err != nil {
		return nil
	}
	made, err := newPattern(text)
	if err != nil {
		o.fail("pattern", "%w", err)
	}
	return made
}

func (s *stages) readPreTokenizer(kind string, p *object) {
	var made tokenizer.PreTokenizer
	switch kind {
	case "BertPreTokenizer":
		made = tokenizer.BERTPreTokenizer{}
	case "Whitespace":
		made = tokenizer.Whitespace{}
	case "WhitespaceSplit":
		made = tokenizer.WhitespaceSplit{}
	case "Punctuation":
		made = tokenizer.Punctuation{Behavior: readBehavior(p, "Isolated")}
	case "Digits":
		made = tokenizer.Digits{Individual: p.boolean("individual_digits", false)}
	case "ByteLevel":
		made = tokenizer.ByteLevel{AddPrefixSpace: p.boolean("add_prefix_space", true), Plain: !p.boolean("use_regex", true)}
	case "Metaspace":
		made = readMetaspace(p)
	case "Split":
		made = readSplit(p)
	default:
		p.fail("type", "it is %.80q; no such pre-tokenizer can be computed", kind)
	}
	s.preTokenizers = append(s.preTokenizers, made)
}

var behaviors = map[string]tokenizer.Behavior{
	"Removed": tokenizer.Removed, "Isolated": tokenizer.Isolated, "MergedWithPrevious": tokenizer.MergedWithPrevious,
	"MergedWithNext": tokenizer.MergedWithNext, "Contiguous": tokenizer.Contiguous,
}

func readBehavior(p *object, fallback string) tokenizer.Behavior {
	name := p.str("behavior", fallback)
	b, ok := behaviors[name]
	if !ok {
		p.fail("behavior", "it is %.80q; there is no such behavior", name)
	}
	return b
}

func readSplit(p *object) tokenizer.PreTokenizer {
	pattern := readPattern(p)
	p.need("behavior")
	return tokenizer.Split{Pattern: pattern, Behavior: readBehavior(p, ""), Invert: p.boolean("invert", false)}
}

var prependSchemes = map[string]tokenizer.Prepending{
	"always": tokenizer.PrependAlways, "first": tokenizer.PrependFirst, "never": tokenizer.PrependNever,
}

// readMetaspace reads a Metaspace. Old files have add_prefix_space in place of prepend_scheme.
func readMetaspace(p *object) tokenizer.PreTokenizer {
	text := p.str("replacement", "▁")
	r, size := utf8.DecodeRuneInString(text)
	if size != len(text) || size == 0 {
		p.fail("replacement", "it is %.80q; it must be one character", text)
	}
	scheme := "always"
	if !p.boolean("add_prefix_space", true) {
		scheme = "never"
	}
	name := p.str("prepend_scheme", scheme)
	prepend, ok := prependSchemes[name]
	if !ok {
		p.fail("prepend_scheme", "it is %.80q; it must be always, first or never", name)
	}
	if scheme == "never" && name != scheme {
		p.fail("prepend_scheme", "it is %.80q, but add_prefix_space is false; make them agree", name)
	}
	return tokenizer.Metaspace{Replacement: r, Prepend: prepend, Whole: !p.boolean("split", true)}
}
