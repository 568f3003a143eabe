package tokenizer

import (
	"slices"
	"sync/atomic"
	"unicode/utf8"
	"unsafe"
)

// normalizer rewrites text as BertNormalizer does: drop control characters, set CJK characters apart with spaces,
// decompose and strip accents, lower the case.
//
// What becomes of a character depends almost only on itself, so it is worked out once and kept in pages of 256
// characters, which are made when the first of them is met: a text uses few. Two goroutines may make the same page; both
// make the same, and one is kept.
type normalizer struct {
	keepControls, joinCJK, strip, lower bool

	pages [utf8.MaxRune>>8 + 1]atomic.Pointer[page]
}

// page says what becomes of 256 characters.
type page struct {
	forms   [256]form
	classes [256]class
	text    []byte
	marks   map[uint8][]rune // what the forms called ordered consist of
}

// form is what one character becomes: text[from:from+size] of its page.
type form struct {
	from uint16
	size uint8
	how  formKind
}

type formKind uint8

const (
	plain   formKind = iota // text that nothing before or after it changes
	dropped                 // nothing at all
	ordered                 // has marks that decomposition puts in order with their neighbours
)

// class is what a character of normalized text is.
type class uint8

const (
	letter class = iota
	space
	punct
)

func newNormalizer(opts Options) *normalizer {
	return &normalizer{
		keepControls: opts.KeepControls,
		joinCJK:      opts.JoinCJK,
		strip:        opts.Accents == StripAccents || opts.Accents == AccentsByCase && !opts.Cased,
		lower:        !opts.Cased,
	}
}

// append appends the normalized text to buf, which must be empty or end in a character that is no mark.
func (n *normalizer) append(buf []byte, text string) []byte {
	marks := len(buf) // where the marks that may still change places begin
	for _, r := range text {
		p := n.page(r)
		switch f := p.forms[uint8(r)]; f.how {
		case plain:
			buf = append(buf, p.text[f.from:int(f.from)+int(f.size)]...)
			marks = len(buf)
		case ordered:
			buf, marks = appendOrdered(buf, marks, p.marks[uint8(r)])
		}
	}
	return buf
}

// longestRun bounds the marks that are put in order, in bytes, and so the time for hostile text. It is longer than any
// word that is not unknown anyway, unless a tokenizer's MaxWordRunes is several times BERT's.
const longestRun = 4096

// appendOrdered appends runes and keeps the marks in buf[marks:] in the order of their combining classes, equal ones as
// they came. It returns where the marks now begin.
func appendOrdered(buf []byte, marks int, runes []rune) ([]byte, int) {
	for _, r := range runes {
		c := combiningClass(r)
		if c == 0 || len(buf)-marks > longestRun {
			buf = utf8.AppendRune(buf, r)
			if c == 0 {
				marks = len(buf)
			}
			continue
		}
		at := len(buf)
		for at > marks {
			before, size := utf8.DecodeLastRune(buf[marks:at])
			if combiningClass(before) <= c {
				break
			}
			at -= size
		}
		var room [utf8.UTFMax]byte
		buf = slices.Insert(buf, at, utf8.AppendRune(room[:0], r)...)
	}
	return buf, marks
}

// class says what r is in normalized text.
func (n *normalizer) class(r rune) class { return n.page(r).classes[uint8(r)] }

func (n *normalizer) page(r rune) *page {
	at := &n.pages[r>>8]
	if p := at.Load(); p != nil {
		return p
	}
	at.CompareAndSwap(nil, n.newPage(r&^0xFF))
	return at.Load()
}

func (n *normalizer) newPage(first rune) *page {
	p := &page{marks: make(map[uint8][]rune)}
	for i := range p.forms {
		r := first + rune(i)
		p.forms[i] = n.form(p, r)
		switch {
		case isSpace(r):
			p.classes[i] = space
		case isPunctuation(r):
			p.classes[i] = punct
		}
	}
	return p
}

// form works out what becomes of r, and puts the text of it into p.
func (n *normalizer) form(p *page, r rune) form {
	if !n.keepControls {
		if isOther(r) {
			return form{how: dropped}
		}
		if isSpace(r) {
			r = ' '
		}
	}
	runes := []rune{r}
	if isCJK(r) && !n.joinCJK {
		runes = []rune{' ', r, ' '}
	}
	starters := true // there is a character that marks do not pass, or nothing
	if n.strip {
		runes, starters = strip(runes)
		if len(runes) == 0 && !starters {
			return form{how: dropped}
		}
	}
	if n.lower {
		var lowered []rune
		for _, r := range runes {
			lowered = lower(lowered, r)
		}
		runes = lowered
	}
	f := form{from: uint16(len(p.text))}
	if n.strip && slices.ContainsFunc(runes, func(r rune) bool { return combiningClass(r) != 0 }) {
		f.how = ordered
		p.marks[uint8(r)] = runes
		return f
	}
	for _, r := range runes {
		p.text = utf8.AppendRune(p.text, r)
	}
	f.size = uint8(len(p.text) - int(f.from))
	return f
}

// strip decomposes runes and takes the accents out. It also says whether the decomposition has a character that marks
// do not pass, which an accent without a combining class is although it goes.
func strip(runes []rune) (kept []rune, starters bool) {
	for _, r := range runes {
		for _, d := range decompose(nil, r) {
			starters = starters || combiningClass(d) == 0
			if !isNonspacing(d) {
				kept = append(kept, d)
			}
		}
	}
	return kept, starters
}

// view is b as a string, without a copy. It is good until b is written to.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
