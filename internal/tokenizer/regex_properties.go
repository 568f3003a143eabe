package tokenizer

import "unicode"

// properties are the classes whose characters are known to be those of the library's version, which
// is Unicode 16: Go's own and those that were added since.
var properties = map[string]func(r rune) bool{
	"L":  isLetter,
	"N":  isNumber,
	"Lu": withAdded(unicode.Lu, addedLu),
	"Ll": withAdded(unicode.Ll, addedLl),
	"Lt": withAdded(unicode.Lt, ""),
	"Lm": withAdded(unicode.Lm, addedLm),
	"Lo": withAdded(unicode.Lo, addedLo),
	"M":  withAdded(unicode.M, addedM),
	"Nd": isRegexDigit,
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
