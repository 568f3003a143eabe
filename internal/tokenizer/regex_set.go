package tokenizer

import (
	"unicode"
	"unicode/utf8"
)

// runeSet is a set of characters.
type runeSet struct {
	ascii  [utf8.RuneSelf]bool
	ranges []runeRange
	tests  []func(r rune) bool
	negate bool // of what is not ASCII; ascii holds the final result
}

type runeRange struct{ first, last rune }

// match is the length of the character at text[at:] if it is of the set, and else 0.
func (s *runeSet) match(text string, at int) int {
	if at >= len(text) {
		return 0
	}
	if c := text[at]; c < utf8.RuneSelf {
		if s.ascii[c] {
			return 1
		}
		return 0
	}
	r, size := utf8.DecodeRuneInString(text[at:])
	if s.has(r) != s.negate {
		return size
	}
	return 0
}

// has reports whether r was added.
func (s *runeSet) has(r rune) bool {
	for _, a := range s.ranges {
		if a.first <= r && r <= a.last {
			return true
		}
	}
	for _, t := range s.tests {
		if t(r) {
			return true
		}
	}
	return false
}

// done fills the table of ASCII characters.
func (s *runeSet) done() *runeSet {
	for c := range s.ascii {
		s.ascii[c] = s.has(rune(c)) != s.negate
	}
	return s
}

// isRegexSpace, isRegexDigit and isRegexWord are \s, \d and \w of Oniguruma. Of superscripts and
// fractions, those of Latin-1 are parts of words there.
func isRegexSpace(r rune) bool { return isSpace(r) }

func isRegexDigit(r rune) bool { return unicode.Is(unicode.Nd, r) || unicode.Is(numbers16, r) }

func isRegexWord(r rune) bool {
	switch r {
	case 0x200C, 0x200D:
		return false
	case 0xB2, 0xB3, 0xB9, 0xBC, 0xBD, 0xBE:
		return true
	}
	return isWord(r)
}
