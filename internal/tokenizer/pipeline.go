package tokenizer

import (
	"strings"
	"sync"
	"unicode/utf8"
)

// pipeline is the encoder that runs the stages of a [Config] one after the other.
type pipeline struct {
	normalizers   []Normalizer
	normalizedRaw *matcher // added tokens found in normalized text; nil if there are none
	preTokenizers []PreTokenizer
	model         Model
	scratch       sync.Pool // of *scratch
}

// scratch is the memory of one segment on its way through the stages.
type scratch struct {
	normalized [2][]byte // the text before and after a normalizer, in turn
	words      words
	merger     merger
	lattice    []arrival
}

// Model cuts words into pieces: a [WordPiece], [Unigram] or [BPE].
type Model interface {
	// appendWord appends the ids of a word, which is not empty.
	appendWord(dst []int32, word string, s *scratch) []int32
	// pieces lists the vocabulary by id, and ids maps it to ids.
	vocabulary() (pieces []string, ids map[string]int32)
}

func newPipeline(c Config) *pipeline {
	p := &pipeline{normalizers: c.Normalizers, preTokenizers: c.PreTokenizers, model: c.Model}
	p.scratch.New = func() any { return new(scratch) }
	return p
}

func (p *pipeline) appendSegment(dst []int32, text string, start bool) []int32 {
	if text == "" {
		return dst
	}
	s := p.scratch.Get().(*scratch)
	text, start = p.normalize(s, text, start)
	if p.normalizedRaw == nil {
		dst = p.appendWords(dst, text, start, s)
	} else {
		dst = p.appendParts(dst, text, start, s)
	}
	if s.size() <= largestBuffer {
		p.scratch.Put(s)
	}
	return dst
}

// normalize runs the normalizers. The result is valid until the next call with s. start says whether
// its first character stems from that of the whole text.
func (p *pipeline) normalize(s *scratch, text string, start bool) (normalized string, stillStart bool) {
	if !utf8.ValidString(text) {
		s.normalized[0] = appendValid(s.normalized[0][:0], text)
		text = view(s.normalized[0])
	}
	for i, n := range p.normalizers {
		if text == "" {
			break
		}
		buf := &s.normalized[(i+1)%2]
		*buf = n.append((*buf)[:0], text)
		if r, ok := n.(remover); ok && start {
			start = !r.removesStart(text)
		}
		text = view(*buf)
	}
	return text, start
}

// appendValid appends text with U+FFFD in place of each invalid byte.
func appendValid(dst []byte, text string) []byte {
	for _, r := range text {
		dst = utf8.AppendRune(dst, r)
	}
	return dst
}

// appendParts appends the ids of the added tokens that match normalized text and of the words between
// them.
func (p *pipeline) appendParts(dst []int32, text string, start bool, s *scratch) []int32 {
	from := 0
	for m := (match{}); p.normalizedRaw.next(text, &m); from = m.to {
		dst = p.appendWords(dst, text[from:m.from], start && from == 0, s)
		dst = append(dst, m.id)
	}
	return p.appendWords(dst, text[from:], start && from == 0, s)
}

// appendWords appends the ids of the words of normalized text.
func (p *pipeline) appendWords(dst []int32, text string, start bool, s *scratch) []int32 {
	if text == "" {
		return dst
	}
	w := &s.words
	w.reset(text, start)
	for _, t := range p.preTokenizers {
		t.cut(w)
	}
	for _, at := range w.spans {
		dst = p.model.appendWord(dst, w.text[at.from:at.to], s)
	}
	return dst
}

// normalizeContent normalizes the content of an added token.
func (p *pipeline) normalizeContent(dst []byte, content string) []byte {
	text, _ := p.normalize(new(scratch), content, true)
	return append(dst, strings.Clone(text)...)
}

// size is about how many bytes the scratch holds.
func (s *scratch) size() int {
	return cap(s.normalized[0]) + cap(s.normalized[1]) + s.words.size() + s.merger.size() + 16*cap(s.lattice)
}
