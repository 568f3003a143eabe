package tokenizer

import (
	"strconv"
	"strings"
	"sync/atomic"
	"unicode"
	"unicode/utf8"
)

// runeClass is the class of a character in the patterns that cut text into words.
type runeClass uint8

const (
	otherRune  runeClass = iota // none of the others
	letterRune                  // \p{L}
	numberRune                  // \p{N}
	spaceRune                   // \s
)

// runeTable has a byte for each character, computed in pages of 256 on first use because a text
// uses few of them. Two goroutines may make the same page at once: the results are equal.
type runeTable struct {
	of    func(r rune) uint8
	pages [utf8.MaxRune>>8 + 1]atomic.Pointer[[256]uint8]
}

func (t *runeTable) at(r rune) uint8 {
	p := t.pages[r>>8].Load()
	if p == nil {
		p = t.make(r >> 8)
	}
	return p[uint8(r)]
}

func (t *runeTable) make(page rune) *[256]uint8 {
	p := new([256]uint8)
	for i := range p {
		p[i] = t.of(page<<8 | rune(i))
	}
	t.pages[page].Store(p)
	return p
}

var classTable = runeTable{of: func(r rune) uint8 {
	switch {
	case isLetter(r):
		return uint8(letterRune)
	case isNumber(r):
		return uint8(numberRune)
	case unicode.Is(unicode.White_Space, r):
		return uint8(spaceRune)
	}
	return uint8(otherRune)
}}

// asciiClass is classTable's beginning, without a pointer in between.
var asciiClass = func() (classes [utf8.RuneSelf]runeClass) {
	for c := range classes {
		classes[c] = runeClass(classTable.at(rune(c)))
	}
	return classes
}()

// classAt is the class of the character at text[i:], and its length. Text must be UTF-8.
func classAt(text string, i int) (c runeClass, size int) {
	if b := text[i]; b < utf8.RuneSelf {
		return asciiClass[b], 1
	}
	r, size := utf8.DecodeRuneInString(text[i:])
	return runeClass(classTable.at(r)), size
}

// skip returns the end of the run of characters of class c that begins at text[i:].
func skip(text string, i int, c runeClass) int {
	for i < len(text) {
		got, size := classAt(text, i)
		if got != c {
			break
		}
		i += size
	}
	return i
}

// parseRanges reads ranges of characters such as "41-5A 61".
func parseRanges(text string) (list [][2]rune) {
	for word := range strings.FieldsSeq(text) {
		first, last, isRange := strings.Cut(word, "-")
		if !isRange {
			last = first
		}
		var r [2]rune
		for i, hex := range []string{first, last} {
			n, err := strconv.ParseUint(hex, 16, 21)
			if err != nil {
				panic("ranges of characters: " + word)
			}
			r[i] = rune(n)
		}
		list = append(list, r)
	}
	return list
}
