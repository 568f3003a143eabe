package tokenizer

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
	"golang.org/x/text/unicode/rangetable"
)

// The library takes its facts about characters from crates of different ages: categories from Unicode 8, decompositions
// from Unicode 9, lower case from Unicode 17. Go's tables are of other versions, so a character that came later than the
// library's is masked out here, and the few that changed since are named. TestEveryRune holds all of it to the library.
var (
	assigned8 = rangetable.Assigned("8.0.0")
	assigned9 = rangetable.Assigned("9.0.0")
)

// isOther says that clean-up drops r: control and format characters, those for private use, and U+FFFD.
func isOther(r rune) bool {
	switch r {
	case '\t', '\n', '\r':
		return false
	case 0, utf8.RuneError:
		return true
	}
	return unicode.In(r, unicode.Cc, unicode.Co) || unicode.Is(unicode.Cf, r) && unicode.Is(assigned8, r)
}

// isSpace says that r is white space, which has been the same since Unicode 6.3.
func isSpace(r rune) bool { return unicode.Is(unicode.White_Space, r) }

// isPunctuation says that r always is a word of its own.
func isPunctuation(r rune) bool {
	switch {
	case r < utf8.RuneSelf:
		return unicode.In(r, unicode.P, unicode.S)
	case r == 0x166D || r == 0x111C9: // Canadian Syllabics chi sign, Sharada sandhi mark
		return true
	}
	return unicode.Is(unicode.P, r) && unicode.Is(assigned8, r)
}

// isNonspacing says that r is an accent to strip.
func isNonspacing(r rune) bool {
	switch r {
	case 0x1734: // Hanunoo sign pamudpod
		return true
	case 0x1885, 0x1886, 0xA9BD, 0x111C9: // Mongolian baludas, Javanese keret, Sharada sandhi mark
		return false
	}
	return unicode.Is(unicode.Mn, r) && unicode.Is(assigned8, r)
}

// isCJK says that r is in the blocks that the original BERT calls Chinese. The fifth starts at 2B920 there, not at
// 2B820.
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

// combiningClass is what marks after a character are ordered by; 0 says that r is no such mark.
func combiningClass(r rune) uint8 {
	if !unicode.Is(assigned9, r) {
		return 0
	}
	return norm.NFD.PropertiesString(string(r)).CCC()
}

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

// isWord says that r is what a regular expression calls \w, which touches an added token of a single word.
func isWord(r rune) bool {
	return r == '_' || r == 0x200C || r == 0x200D || unicode.In(r, unicode.L, unicode.M, unicode.Nd, unicode.Nl,
		unicode.Pc, unicode.Other_Alphabetic)
}
