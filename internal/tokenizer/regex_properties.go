package tokenizer

import "unicode"

// properties are the classes whose characters are known to be those of the library's version, which
// is Unicode 16: Go's own and those that were added since.
var properties = map[string]func(r rune) bool{
	"L":  isLetter,
	"N":  isNumber,
	"Lu": withAdded(unicode.Lu, "1C89 A7CB-A7CC A7DA A7DC 10D50-10D65"),
	"Ll": withAdded(unicode.Ll, "1C8A A7CD A7DB 10D70-10D85"),
	"Lt": withAdded(unicode.Lt, ""),
	"Lm": withAdded(unicode.Lm, "10D4E 10D6F 16D40-16D42 16D6B-16D6C"),
	"Lo": withAdded(unicode.Lo, "105C0-105F3 10D4A-10D4D 10D4F 10EC2-10EC4 11380-11389 1138B 1138E 11390-113B5 113B7 "+
		"113D1 113D3 11BC0-11BE0 13460-143FA 16100-1611D 16D43-16D6A 18CFF 1E5D0-1E5ED 1E5F0 "+
		"2EBF0-2EE5D"),
	"M": withAdded(unicode.M, "897 10D69-10D6D 10EFC 113B8-113C0 113C2 113C5 113C7-113CA 113CC-113D0 113D2 "+
		"113E1-113E2 11F5A 1611E-1612F 1E5EE-1E5EF"),
	"Nd": withAdded(unicode.Nd, "10D40-10D49 116D0-116E3 11BF0-11BF9 16130-16139 16D70-16D79 1CCF0-1CCF9 1E5F1-1E5FA"),
	"P":  withAdded(unicode.P, "1B4E-1B4F 1B7F 10D6E 113D4-113D5 113D7-113D8 11BE1 16D6D-16D6F 1E5FF"),
	"S": withAdded(unicode.S, "2427-2429 2FFC-2FFF 31E4-31E5 31EF 10D8E-10D8F 1CC00-1CCEF 1CD00-1CEB3 1F8B2-1F8BB "+
		"1F8C0-1F8C1 1FA89 1FA8F 1FABE 1FAC6 1FADC 1FADF 1FAE9 1FBCB-1FBEF"),
	"Z":   withAdded(unicode.Z, ""),
	"Han": withAdded(unicode.Han, "2EBF0-2EE5D"),
}

// withAdded is a class of Go's with further characters.
func withAdded(class *unicode.RangeTable, ranges string) func(r rune) bool {
	added := rangeTable(ranges)
	return func(r rune) bool { return unicode.Is(class, r) || unicode.Is(added, r) }
}
