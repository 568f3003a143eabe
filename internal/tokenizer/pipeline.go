package tokenizer

import (
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
	cache      wordCache
}

// Model cuts words into pieces: a [WordPiece], [Unigram] or [BPE].
type Model interface {
	// appendWord appends the ids of a word, which is not empty.
	appendWord(dst []int32, word string, s *scratch) []int32
	pieces() []string          // by id
	lookup(piece string) int32 // the id of a piece, or noPiece
	unknownPiece() int32       // of what the vocabulary lacks; noPiece if it has none
	prefix() string            // of pieces that continue a word; "" if they do not show it
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

// normalize runs the normalizers. The result is valid until the next call with s. start says
// whether its first character stems from that of the whole text.
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

// appendParts appends the ids of the added tokens that match normalized text and of the words
// between them.
func (p *pipeline) appendParts(dst []int32, text string, start bool, s *scratch) []int32 {
	from := 0
	for m := (match{}); p.normalizedRaw.next(text, &m); from = m.to {
		if from < m.from { // white space that a token strips may be a token too
			dst = p.appendWords(dst, text[from:m.from], start && from == 0, s)
		}
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
	p.cut(w, text, start)
	for _, at := range w.spans {
		dst = s.cache.appendWord(dst, w.text[at.from:at.to], p.model, s)
	}
	return dst
}

// cut makes w the words of text.
func (p *pipeline) cut(w *words, text string, start bool) {
	w.reset(text, start)
	for _, t := range p.preTokenizers {
		t.cut(w)
	}
}

// cutsBytes reports whether words are bytes, whose pieces do not show where words begin.
func (p *pipeline) cutsBytes() bool {
	m, ok := p.model.(*BPE)
	return ok && m.raw && len(p.preTokenizers) > 0
}

// findWords sets the roles of tokens that are not added ones by cutting their text again.
func (p *pipeline) findWords(roles []role, ids []int32) {
	m := p.model.(*BPE)
	s := p.scratch.Get().(*scratch)
	defer p.scratch.Put(s)
	for from := 0; from < len(ids); {
		if roles[from] == added {
			from++
			continue
		}
		to := from
		text := s.normalized[0][:0]
		for ; to < len(ids) && roles[to] != added; to++ {
			text = m.appendText(text, ids[to])
		}
		s.normalized[0] = text
		if len(text) > 0 {
			p.cut(&s.words, view(text), false)
			markWords(roles[from:to], ids[from:to], s.words.spans, m)
		}
		from = to
	}
}

// markWords sets the roles of tokens by the words that their text was cut into.
func markWords(roles []role, ids []int32, spans []span, m *BPE) {
	at, next := 0, 0
	var room [64]byte
	for i, id := range ids {
		roles[i] = more
		for next < len(spans) && spans[next].from < at {
			next++
		}
		if next < len(spans) && spans[next].from == at {
			roles[i] = begin
		}
		at += len(m.appendText(room[:0], id))
	}
}

// normalizeContent normalizes the content of an added token.
func (p *pipeline) normalizeContent(dst []byte, content string) []byte {
	text, _ := p.normalize(new(scratch), content, true)
	return append(dst, text...)
}

// size is about how many bytes the scratch holds.
func (s *scratch) size() int {
	return cap(s.normalized[0]) + cap(s.normalized[1]) + s.words.size() + s.merger.size() + 16*cap(s.lattice)
}
