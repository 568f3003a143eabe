package tokenizer

import (
	"slices"
	"unicode"
)

// The library's regular expressions are those of Unicode 16, and its numbers those of 17; Go's
// tables are of 15. These are the characters that the later versions added to each class.
// test/tokenizers/characters.mjs finds them out.
const (
	addedLu = "1C89 A7CB-A7CC A7DA A7DC 10D50-10D65"
	addedLl = "1C8A A7CD A7DB 10D70-10D85"
	addedLm = "10D4E 10D6F 16D40-16D42 16D6B-16D6C"
	addedLo = `105C0-105F3 10D4A-10D4D 10D4F 10EC2-10EC4 11380-11389 1138B 1138E 11390-113B5 113B7
	113D1 113D3 11BC0-11BE0 13460-143FA 16100-1611D 16D43-16D6A 18CFF 1E5D0-1E5ED 1E5F0
	2EBF0-2EE5D`
	addedL = addedLu + " " + addedLl + " " + addedLm + " " + addedLo
	addedM = `897 10D69-10D6D 10EFC 113B8-113C0 113C2 113C5 113C7-113CA 113CC-113D0 113D2
	113E1-113E2 11F5A 1611E-1612F 1E5EE-1E5EF`
	addedN = "10D40-10D49 116D0-116E3 11BF0-11BF9 16130-16139 16D70-16D79 1CCF0-1CCF9 1E5F1-1E5FA" // all of them Nd
)

var (
	letters16 = rangeTable(addedL)
	numbers16 = rangeTable(addedN)
	words16   = rangeTable(addedL + " " + addedM + " " + addedN)
	numbers17 = rangeTable("11DE0-11DE9 16FF4-16FF6")
)

// rangeTable reads ranges as parseRanges does, in any order.
func rangeTable(text string) *unicode.RangeTable {
	ranges := parseRanges(text)
	slices.SortFunc(ranges, func(a, b [2]rune) int { return int(a[0] - b[0]) })
	t := new(unicode.RangeTable)
	for _, r := range ranges {
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
