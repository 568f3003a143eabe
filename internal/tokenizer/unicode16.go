package tokenizer

import "unicode"

// The library's regular expressions are those of Unicode 16, and its numbers those of 17; Go's
// tables are of 15. These are the characters that the later versions added to each class.
// test/tokenizers/characters.mjs finds them out.
var (
	letters16 = rangeTable(`
	1C89-1C8A A7CB-A7CD A7DA-A7DC 105C0-105F3 10D4A-10D65 10D6F-10D85 10EC2-10EC4 11380-11389
	1138B 1138E 11390-113B5 113B7 113D1 113D3 11BC0-11BE0 13460-143FA 16100-1611D 16D40-16D6C
	18CFF 1E5D0-1E5ED 1E5F0 2EBF0-2EE5D`)
	numbers16 = rangeTable(`
	10D40-10D49 116D0-116E3 11BF0-11BF9 16130-16139 16D70-16D79 1CCF0-1CCF9 1E5F1-1E5FA`)
	words16 = rangeTable(`
	897 1C89-1C8A A7CB-A7CD A7DA-A7DC 105C0-105F3 10D40-10D65 10D69-10D6D 10D6F-10D85
	10EC2-10EC4 10EFC 11380-11389 1138B 1138E 11390-113B5 113B7-113C0 113C2 113C5 113C7-113CA
	113CC-113D3 113E1-113E2 116D0-116E3 11BC0-11BE0 11BF0-11BF9 11F5A 13460-143FA 16100-16139
	16D40-16D6C 16D70-16D79 18CFF 1CCF0-1CCF9 1E5D0-1E5FA 2EBF0-2EE5D`)
	numbers17 = rangeTable(`
	11DE0-11DE9 16FF4-16FF6`)
)

// rangeTable reads ranges as parseRanges does.
func rangeTable(text string) *unicode.RangeTable {
	t := new(unicode.RangeTable)
	for _, r := range parseRanges(text) {
		if r[1] < 1<<16 {
			t.R16 = append(t.R16, unicode.Range16{Lo: uint16(r[0]), Hi: uint16(r[1]), Stride: 1})
		} else {
			t.R32 = append(t.R32, unicode.Range32{Lo: uint32(r[0]), Hi: uint32(r[1]), Stride: 1})
		}
	}
	return t
}

// isLetter reports whether r matches \p{L}.
func isLetter(r rune) bool { return unicode.Is(unicode.L, r) || unicode.Is(letters16, r) }

// isNumber reports whether r matches \p{N}.
func isNumber(r rune) bool { return unicode.Is(unicode.N, r) || unicode.Is(numbers16, r) }

// isNumeric reports whether r is a number for the pre-tokenizer Digits.
func isNumeric(r rune) bool { return isNumber(r) || unicode.Is(numbers17, r) }
