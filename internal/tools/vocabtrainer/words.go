package main

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Words counts words: how often each was seen.
type Words map[string]int

// Add counts the words of text as an uncased BERT tokenizer would see them: lower-cased, accents
// stripped, split at white space, and every punctuation mark one word.
func (w Words) Add(text string) {
	text = norm.NFD.String(strings.ToLower(text))
	var word strings.Builder
	flush := func() {
		if word.Len() > 0 {
			w[word.String()]++
			word.Reset()
		}
	}
	for _, r := range text {
		switch {
		case unicode.Is(unicode.Mn, r) || r == unicode.ReplacementChar:
		case unicode.IsSpace(r):
			flush()
		case unicode.IsControl(r):
		case isPunct(r):
			flush()
			w[string(r)]++
		default:
			word.WriteRune(r)
		}
	}
	flush()
}

// isPunct says whether r always stands alone: punctuation, and what of ASCII is neither letter nor
// digit.
func isPunct(r rune) bool {
	if r <= unicode.MaxASCII {
		return !(r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z')
	}
	return unicode.IsPunct(r)
}
