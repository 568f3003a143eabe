package tokenizer

import (
	"slices"
	"sync/atomic"
	"unicode/utf8"
	"unsafe"
)

// bertNormalizer rewrites text as BertNormalizer does: it drops control characters, puts spaces
// around CJK characters, decomposes text and strips accents, and lower-cases.
//
// The result for a character depends almost only on the character itself. It is computed once and
// cached in pages of 256 characters, which are made on first use because a text uses few of them.
// Two goroutines may make the same page at once: the results are equal, and one is kept.
type bertNormalizer struct {
	keepControls, joinCJK, strip, lower bool

	pages [utf8.MaxRune>>8 + 1]atomic.Pointer[page]
}

// page is the normalized text of 256 characters.
type page struct {
	forms   [256]form
	classes [256]class
	text    []byte
	marks   map[uint8][]rune // the runes of the forms that are ordered
}

// form is the normalized text of one character: text[from:from+size] of its page.
type form struct {
	from uint16
	size uint8
	how  formKind
}

type formKind uint8

const (
	plain   formKind = iota // text that its neighbours do not change
	dropped                 // nothing at all
	ordered                 // has combining marks, which are sorted together with those of the neighbours
)

// class is the kind of a character in normalized text.
type class uint8

const (
	letter class = iota
	space
	punct
)

func newBERTNormalizer(opts Options) *bertNormalizer {
	return &bertNormalizer{
		keepControls: opts.KeepControls,
		joinCJK:      opts.JoinCJK,
		strip:        opts.StripsAccents(),
		lower:        !opts.Cased,
	}
}

// append appends the normalized text to buf, which must be empty or end in a character that is not
// a combining mark.
func (n *bertNormalizer) append(buf []byte, text string) []byte {
	marks := len(buf) // start of the marks that may still be reordered
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

// longestRun bounds how many bytes of marks are sorted, and so the time that hostile text takes. A
// word with more marks is unknown anyway, unless MaxWordRunes is several times BERT's.
const longestRun = 4096

// appendOrdered appends runes and keeps the marks in buf[marks:] sorted by combining class, stably.
// It returns the new start of the marks.
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

// class is the class of r in normalized text.
func (n *bertNormalizer) class(r rune) class { return n.page(r).classes[uint8(r)] }

func (n *bertNormalizer) page(r rune) *page {
	at := &n.pages[r>>8]
	if p := at.Load(); p != nil {
		return p
	}
	at.CompareAndSwap(nil, n.newPage(r&^0xFF))
	return at.Load()
}

func (n *bertNormalizer) newPage(first rune) *page {
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

// form computes the normalized text of r, and stores it in p.
func (n *bertNormalizer) form(p *page, r rune) form {
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

// strip decomposes runes and removes the accents. It also reports whether the decomposition has a
// character that marks are not moved across. An accent of combining class 0 is such a character,
// even though it is removed.
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

// view is b as a string, without a copy. It is valid until b is written to.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

func (n *bertNormalizer) removesStart(text string) bool {
	r, _ := utf8.DecodeRuneInString(text)
	f := n.page(r).forms[uint8(r)]
	return f.how == dropped || f.how == plain && f.size == 0
}

// NewBERTNormalizer makes the normalizer of BERT from the settings of its kind.
func NewBERTNormalizer(opts Options) Normalizer { return newBERTNormalizer(opts) }
