package tokenizer

import "unicode/utf8"

// BERTPreTokenizer cuts at white space, and makes each punctuation mark a word.
type BERTPreTokenizer struct{}

// WhitespaceSplit cuts at white space.
type WhitespaceSplit struct{}

// Whitespace makes words of letters, digits and marks, and words of other characters, and cuts at
// white space: \w+|[^\w\s]+.
type Whitespace struct{}

// Punctuation cuts at punctuation marks.
type Punctuation struct{ Behavior Behavior }

// Digits cuts runs of digits from the rest, or each digit.
type Digits struct{ Individual bool }

func (BERTPreTokenizer) cut(w *words) {
	WhitespaceSplit{}.cut(w)
	w.cutRunes(Isolated, isPunctuation)
}

func (WhitespaceSplit) cut(w *words) { w.cutRunes(Removed, isSpace) }

func (Whitespace) cut(w *words) {
	w.cutRunes(Removed, isSpace)
	w.cutRunes(Contiguous, isWord)
}

func (p Punctuation) cut(w *words) { w.cutRunes(p.Behavior, isPunctuation) }

func (p Digits) cut(w *words) {
	behavior := Contiguous
	if p.Individual {
		behavior = Isolated
	}
	w.cutRunes(behavior, isNumeric)
}

// cutRunes cuts each word at the characters that match, by a behavior.
func (w *words) cutRunes(behavior Behavior, matches func(r rune) bool) {
	for _, at := range w.spans {
		c := cutter{w: w, behavior: behavior}
		text := w.text[:at.to]
		from := at.from // of the part that does not match
		for i := at.from; i < at.to; {
			r, size := utf8.DecodeRuneInString(text[i:])
			if matches(r) {
				c.part(from, i, false)
				c.part(i, i+size, true)
				from = i + size
			}
			i += size
		}
		c.part(from, at.to, false)
		c.flush()
	}
	w.done()
}
