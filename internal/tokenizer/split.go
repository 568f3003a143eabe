package tokenizer

import (
	"errors"
	"strings"
)

// Split cuts text where a pattern matches.
type Split struct {
	Pattern  Pattern
	Behavior Behavior
	Invert   bool // what lies between matches counts as the match
}

// Pattern finds matches in text. Make one with [NewTextPattern] or [NewRegexPattern].
type Pattern interface {
	// find returns the first match in text at or after from, or ok = false. It is not empty. Memory
	// is of this text alone.
	find(text string, from int, m *memory) (start, end int, ok bool)
}

// NewTextPattern makes a [Pattern] that matches a text.
func NewTextPattern(text string) (Pattern, error) {
	if text == "" {
		return nil, errors.New("its pattern is empty")
	}
	return literal(text), nil
}

// NewRegexPattern makes a [Pattern] that matches a regular expression.
func NewRegexPattern(regex string) (Pattern, error) {
	if s, ok := scanners[regex]; ok {
		return s, nil
	}
	if regex == " {2,}" {
		return spaceRuns{}, nil
	}
	return newRegex(regex)
}

func (p Split) cut(w *words) {
	for _, at := range w.spans {
		c := cutter{w: w, behavior: p.Behavior}
		text := w.text[at.from:at.to]
		w.memory.reset()
		from := 0
		for from < len(text) {
			start, end, ok := p.Pattern.find(text, from, &w.memory)
			if !ok {
				break
			}
			c.part(at.from+from, at.from+start, p.Invert)
			c.part(at.from+start, at.from+end, !p.Invert)
			from = end
		}
		c.part(at.from+from, at.to, p.Invert)
		c.flush()
	}
	w.done()
}

// literal is the pattern of one text.
type literal string

func (p literal) find(text string, from int, _ *memory) (start, end int, ok bool) {
	i := strings.Index(text[from:], string(p))
	return from + i, from + i + len(p), i >= 0
}

// scanner is a pattern that matches at every place: it gives the end of the match there.
type scanner func(text string, from int) (to int)

func (p scanner) find(text string, from int, _ *memory) (start, end int, ok bool) {
	return from, p(text, from), true
}

// scanners are the patterns that are scanned by hand.
var scanners = map[string]scanner{
	gpt2Pattern:  gpt2Word,
	qwenPattern:  func(text string, from int) int { return qwenWord(text, from, 1) },
	llamaPattern: func(text string, from int) int { return qwenWord(text, from, 3) },
}

const (
	gpt2Pattern  = `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
	qwenPattern  = `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
	llamaPattern = `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
)

// spaceRuns is the pattern " {2,}", which DeBERTa has.
type spaceRuns struct{}

func (spaceRuns) find(text string, from int, _ *memory) (start, end int, ok bool) {
	i := strings.Index(text[from:], "  ")
	if i < 0 {
		return 0, 0, false
	}
	start = from + i
	for end = start + 2; end < len(text) && text[end] == ' '; end++ {
	}
	return start, end, true
}
