package tokenizer

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
	"golang.org/x/text/unicode/rangetable"
)

// The library's crates implement different Unicode versions: 8 for categories, 9 for
// decompositions, 17 for lower case. Go's tables implement others. So characters that are newer
// than the library's version are masked here, and the few that changed since are listed.
// TestEveryRune compares every code point with the library.
var (
	assigned8 = rangetable.Assigned("8.0.0")
	assigned9 = rangetable.Assigned("9.0.0")
)

// isOther reports whether clean_text drops r: control, format and private-use characters, and
// U+FFFD.
func isOther(r rune) bool {
	switch r {
	case '\t', '\n', '\r':
		return false
	case 0, utf8.RuneError:
		return true
	}
	return unicode.In(r, unicode.Cc, unicode.Co) || unicode.Is(unicode.Cf, r) && unicode.Is(assigned8, r)
}

// isSpace reports whether r is white space. The set has not changed since Unicode 6.3.
func isSpace(r rune) bool {
	if r < utf8.RuneSelf {
		return r == ' ' || r >= '\t' && r <= '\r'
	}
	return runeClass(classTable.at(r)) == spaceRune
}

// isPunctuation reports whether r is always a word of its own.
func isPunctuation(r rune) bool {
	switch {
	case r < utf8.RuneSelf:
		return unicode.In(r, unicode.P, unicode.S)
	case r == 0x166D || r == 0x111C9: // Canadian Syllabics chi sign, Sharada sandhi mark
		return true
	}
	return unicode.Is(unicode.P, r) && unicode.Is(assigned8, r)
}

// isNonspacing reports whether r is an accent that is stripped.
func isNonspacing(r rune) bool {
	switch r {
	case 0x1734: // Hanunoo sign pamudpod
		return true
	case 0x1885, 0x1886, 0xA9BD, 0x111C9: // Mongolian baludas, Javanese keret, Sharada sandhi mark
		return false
	}
	return unicode.Is(unicode.Mn, r) && unicode.Is(assigned8, r)
}

// isCJK reports whether r is in the blocks that the original BERT calls Chinese. Its fifth block
// starts at 2B920, not at 2B820.
func isCJK(r rune) bool {
	switch {
	case r >= 0x4E00 && r <= 0x9FFF, r >= 0x3400 && r <= 0x4DBF, r >= 0x20000 && r <= 0x2A6DF,
		r >= 0x2A700 && r <= 0x2B73F, r >= 0x2B740 && r <= 0x2B81F, r >= 0x2B920 && r <= 0x2CEAF,
		r >= 0xF900 && r <= 0xFAFF, r >= 0x2F800 && r <= 0x2FA1F:
		return true
	}
	return false
}

// decompose appends the canonical decomposition of r.
func decompose(dst []rune, r rune) []rune {
	if !unicode.Is(assigned9, r) {
		return append(dst, r)
	}
	return append(dst, []rune(norm.NFD.String(string(r)))...)
}

// combiningClass is the class by which combining marks are sorted; 0 if r is not reordered.
func combiningClass(r rune) uint8 {
	if r < 0x300 {
		return 0
	}
	return combiningClasses.at(r)
}

var combiningClasses = runeTable{of: func(r rune) uint8 {
	if !unicode.Is(assigned9, r) {
		return 0
	}
	return norm.NFD.PropertiesString(string(r)).CCC()
}}

// lower appends the lower case of r.
func lower(dst []rune, r rune) []rune {
	switch {
	case r == 0x130: // İ
		return append(dst, 'i', 0x307)
	case r >= 0x10D50 && r <= 0x10D65: // Garay
		return append(dst, r+0x20)
	case r >= 0x16EA0 && r <= 0x16EB8: // Beria Erfe
		return append(dst, r+0x1B)
	}
	switch r {
	case 0x1C89, 0xA7CC, 0xA7CE, 0xA7D2, 0xA7D4, 0xA7DA:
		return append(dst, r+1)
	case 0xA7CB:
		return append(dst, 0x264)
	case 0xA7DC:
		return append(dst, 0x19B)
	}
	return append(dst, unicode.ToLower(r))
}

// isWord reports whether r matches \w in a regular expression. An added token with SingleWord does
// not match beside such a character.
func isWord(r rune) bool {
	return r == '_' || r == 0x200C || r == 0x200D || unicode.In(r, unicode.L, unicode.M, unicode.Nd, unicode.Nl,
		unicode.Pc, unicode.Other_Alphabetic, words16)
}

// isMark reports whether r is a combining mark.
func isMark(r rune) bool {
	switch r {
	case 0x1CF2, 0x1CF3: // Vedic signs ardhavisarga
		return true
	case 0x111C9: // Sharada sandhi mark
		return false
	}
	return unicode.Is(unicode.M, r) && unicode.Is(assigned9, r)
}
