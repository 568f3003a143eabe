package tokenizer

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"
)

// TestEveryCharacter compares what becomes of every character with the library, by the digests of
// the files that test/tokenizers/characters.mjs writes. A failure means that Go's or x/text's
// tables of Unicode have moved, and unicode.go or unicode16.go must follow.
func TestEveryCharacter(t *testing.T) {
	if raceDetector {
		t.Skip("a million characters take long under the race detector, and one goroutine has no races")
	}
	yes := func(is func(r rune) bool, matched, other string) func(r rune) string {
		return func(r rune) string {
			if is(r) {
				return matched
			}
			return other
		}
	}
	form := func(n Normalizer) func(r rune) string {
		return func(r rune) string { return hexRunes(n.append(nil, string(r))) }
	}
	between := func(n Normalizer) func(r rune) string {
		return func(r rune) string { return hexRunes(n.append(nil, "a\u0327"+string(r)+"\u0301")) }
	}
	lines := map[string]func(r rune) string{
		"nfc": form(NFC), "nfd": form(NFD), "nfkc": form(NFKC), "nfkd": form(NFKD),
		"nfc-between": between(NFC), "nfkc-between": between(NFKC),
		"lowercase": form(Lowercase{}), "accents": form(RemoveMarks{}), "nmt": form(NMT{}),
		"letter": yes(isLetter, "0", "1"), "number": yes(isNumber, "0", "1"), "space": yes(isRegexSpace, "0", "1"),
		"wordchar": yes(isRegexWord, "0", "1"), "digit": yes(isRegexDigit, "0", "1"), "digits": yes(isNumeric, "2", "1"),
		"whitespace": yes(isSpace, "0", "1"), "punctuation": yes(isPunctuation, "0", "1"),
		"words":     func(r rune) string { return fmt.Sprint(countWords(Whitespace{}, r)) },
		"bert":      func(r rune) string { return fmt.Sprint(countWords(BERTPreTokenizer{}, r)) },
		"graphemes": graphemeLine,
	}
	for name, is := range properties {
		lines["property-"+name] = yes(is, "0", "1")
	}
	for _, line := range readLines(t, "testdata/characters.sha256") {
		want, name, _ := strings.Cut(line, "  ")
		t.Run(name, func(t *testing.T) {
			f, ok := lines[name]
			if !ok {
				t.Fatal("nothing here makes such lines")
			}
			hash := sha256.New()
			for r := rune(0); r <= utf8.MaxRune; r++ {
				if utf8.ValidRune(r) {
					hash.Write([]byte(f(r) + "\n"))
				}
			}
			if got := fmt.Sprintf("%x", hash.Sum(nil)); got != want {
				t.Errorf("digest of all characters is %s, want %s", got, want)
			}
		})
	}
}

// countWords is the number of words with a character between two letters.
func countWords(p PreTokenizer, r rune) int {
	var w words
	w.reset("a"+string(r)+"a", true)
	p.cut(&w)
	return len(w.spans)
}

// graphemeLine is what characters.mjs finds out of a character in clusters.
func graphemeLine(r rune) string {
	s := string(r)
	n := len(s)
	line := []byte("0000000000")
	for i, is := range []bool{
		joined("a"+s, 1),
		!joined(s+"\u0301", n),
		joined(s+"a", n),
		joined(s+"\u200d©", n+3),
		joined(s+"\u094d\u0915", n+3),
		joined("\u0915"+s+"\u0915", 3+n),
		joined("\u0915\u094d"+s+"\u0915", 6+n),
		joined(s+"\u1161", n),
		joined(s+"\u11a8", n),
		joined("©"+s+"\u200d©", 5+n),
	} {
		if is {
			line[i] = '1'
		}
	}
	return string(line)
}

// joined reports whether the characters on both sides of text[at:] are in one cluster.
func joined(text string, at int) bool {
	for i := 0; i < len(text); i = clusterEnd(text, i) {
		if i == at {
			return false
		}
	}
	return true
}
