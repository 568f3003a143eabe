package tokenizer

import (
	"slices"
	"sync"
	"sync/atomic"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// UnicodeForm is one of Unicode's normalization forms: [NFC], [NFD], [NFKC] or [NFKD].
//
// Text is cut before each character that no character before it can change: one that neither is a
// mark nor composes with what stands before it. Nearly all parts are one such character, whose form
// is computed once.
type UnicodeForm struct {
	compatible bool // also replace compatibility characters
	compose    bool // compose what was decomposed

	pages [utf8.MaxRune>>8 + 1]atomic.Pointer[formPage]
}

// The normalization forms of Unicode 9, which is the library's version.
var (
	NFC  = &UnicodeForm{compose: true}
	NFD  = &UnicodeForm{}
	NFKC = &UnicodeForm{compatible: true, compose: true}
	NFKD = &UnicodeForm{compatible: true}
)

// formPage is the form of 256 characters by themselves: text[from[i]:from[i+1]] of character i.
type formPage struct {
	from   [257]uint16
	begins [256]bool // no character before it can change it
	text   []byte
}

func (f *UnicodeForm) append(dst []byte, text string) []byte {
	for i := 0; i < len(text); {
		if end := asciiRun(text, i); end > i {
			dst = append(dst, text[i:end]...)
			i = end
			continue
		}
		end := f.partEnd(text, i)
		if part := text[i:end]; end == i+runeLen(text[i]) {
			r, _ := utf8.DecodeRuneInString(part)
			dst = append(dst, f.form(r)...)
		} else {
			dst = f.appendPart(dst, part)
		}
		i = end
	}
	return dst
}

// asciiRun is the end of the ASCII characters at text[i:] that are followed by another one, or by
// the end of the text.
func asciiRun(text string, i int) int {
	end := i
	for end < len(text) && text[end] < utf8.RuneSelf {
		end++
	}
	if end < len(text) && end > i {
		end-- // what follows may compose with the last one
	}
	return end
}

// partEnd is the end of the part that begins at text[i:].
func (f *UnicodeForm) partEnd(text string, i int) int {
	i += runeLen(text[i])
	for i < len(text) {
		r, size := utf8.DecodeRuneInString(text[i:])
		if f.page(r).begins[uint8(r)] {
			break
		}
		i += size
	}
	return i
}

// form is the form of r by itself.
func (f *UnicodeForm) form(r rune) []byte {
	p := f.page(r)
	return p.text[p.from[uint8(r)]:p.from[int(uint8(r))+1]]
}

func (f *UnicodeForm) page(r rune) *formPage {
	at := &f.pages[r>>8]
	if p := at.Load(); p != nil {
		return p
	}
	at.CompareAndSwap(nil, f.newPage(r&^0xFF))
	return at.Load()
}

func (f *UnicodeForm) newPage(first rune) *formPage {
	p := new(formPage)
	for i := range p.begins {
		r := first + rune(i)
		if utf8.ValidRune(r) {
			p.text = f.appendPart(p.text, string(r))
			p.begins[i] = f.beginsPart(r)
		}
		p.from[i+1] = uint16(len(p.text))
	}
	return p
}

// beginsPart reports whether no character before r can change it.
func (f *UnicodeForm) beginsPart(r rune) bool {
	first := f.decompose(nil, r)[0]
	if combiningClass(first) != 0 {
		return false
	}
	return !f.compose || !composesBackward(first)
}

// appendPart appends the form of a part: decomposed, its marks sorted, and composed again.
func (f *UnicodeForm) appendPart(dst []byte, part string) []byte {
	list := runeLists.Get().(*[]rune)
	runes := (*list)[:0]
	for _, r := range part {
		runes = f.decompose(runes, r)
	}
	*list = runes
	sortMarks(runes)
	if f.compose {
		runes = compose(runes)
	}
	for _, r := range runes {
		dst = utf8.AppendRune(dst, r)
	}
	if cap(*list) <= largestBuffer {
		runeLists.Put(list)
	}
	return dst
}

var runeLists = sync.Pool{New: func() any { return new([]rune) }}

// decompose appends the decomposition of r.
func (f *UnicodeForm) decompose(dst []rune, r rune) []rune {
	if r < 0xA0 {
		return append(dst, r)
	}
	decomposed := NFD
	if f.compatible {
		decomposed = NFKD
	}
	if f != decomposed {
		for _, d := range view(decomposed.form(r)) {
			dst = append(dst, d)
		}
		return dst
	}
	if f.compatible && unicode.Is(assigned9, r) {
		return append(dst, []rune(norm.NFKD.String(string(r)))...)
	}
	return decompose(dst, r)
}

// sortMarks puts each run of marks in the order of their classes.
func sortMarks(runes []rune) {
	for i := 0; i < len(runes); i++ {
		if combiningClass(runes[i]) == 0 {
			continue
		}
		end := i + 1
		for end < len(runes) && combiningClass(runes[end]) != 0 {
			end++
		}
		slices.SortStableFunc(runes[i:end], func(a, b rune) int {
			return int(combiningClass(a)) - int(combiningClass(b))
		})
		i = end
	}
}

// compose composes decomposed runes in place.
func compose(runes []rune) []rune {
	starter, out := -1, 0 // where the last starter is in the result, and where the result ends
	last := uint8(0)      // the class of the rune before, if it stands after the starter
	for _, r := range runes {
		class := combiningClass(r)
		if starter >= 0 && (out == starter+1 || last != 0 && last < class) {
			if c, ok := composition(runes[starter], r); ok {
				runes[starter] = c
				continue
			}
		}
		if class == 0 {
			starter = out
		}
		last = class
		runes[out] = r
		out++
	}
	return runes[:out]
}

// Hangul syllables are composed by arithmetic: a leading consonant, a vowel and a trailing
// consonant.
const (
	hangulS, hangulL, hangulV, hangulT = 0xAC00, 0x1100, 0x1161, 0x11A7
	hangulLs, hangulVs, hangulTs       = 19, 21, 28
)

// composition is the character that two compose to.
func composition(a, b rune) (rune, bool) {
	l, v := a-hangulL, b-hangulV
	if l >= 0 && l < hangulLs && v >= 0 && v < hangulVs {
		return hangulS + (l*hangulVs+v)*hangulTs, true
	}
	s, t := a-hangulS, b-hangulT
	if s >= 0 && s < hangulLs*hangulVs*hangulTs && s%hangulTs == 0 && t > 0 && t < hangulTs {
		return a + t, true
	}
	c, ok := compositions().pairs[[2]rune{a, b}]
	return c, ok
}

// composesBackward reports whether r is the second character of a composition.
func composesBackward(r rune) bool {
	return r >= hangulV && r < hangulV+hangulVs || r > hangulT && r < hangulT+hangulTs || compositions().second[r]
}

type compositionTable struct {
	pairs  map[[2]rune]rune
	second map[rune]bool
}

// compositions are all pairs that compose, other than Hangul: those of the characters whose
// composed form is themselves and whose decomposed form is not.
var compositions = sync.OnceValue(func() compositionTable {
	t := compositionTable{make(map[[2]rune]rune), make(map[rune]bool)}
	for r := rune(0xC0); r < 0x30000; r++ {
		if r >= hangulS && r < 0xE000 || !unicode.Is(assigned9, r) {
			continue
		}
		s := string(r)
		if norm.NFC.String(s) != s || norm.NFD.String(s) == s {
			continue
		}
		d := []rune(norm.NFD.String(s))
		head := []rune(norm.NFC.String(string(d[:len(d)-1])))
		if len(head) == 1 {
			t.pairs[[2]rune{head[0], d[len(d)-1]}] = r
			t.second[d[len(d)-1]] = true
		}
	}
	return t
})
