package tokenizer

import (
	"slices"
	"sort"
	"sync"
	"unicode/utf8"
)

// graphemeClass is the part that a character plays in grapheme clusters (Unicode Standard Annex
// 29).
type graphemeClass uint8

const (
	graphemeAny graphemeClass = iota
	graphemeCR
	graphemeLF
	graphemeControl
	graphemeExtend
	graphemeLinker    // extends, and links the consonants of an Indic conjunct
	graphemeJoiner    // the zero-width joiner
	graphemeNonJoiner // the zero-width non-joiner: extends, but not between consonants
	graphemeSpacing
	graphemePrepend
	graphemeConsonant // of an Indic conjunct
	graphemeL
	graphemeV
	graphemeT
	graphemeLV
	graphemeLVT
	graphemeRegional
	graphemePicture
)

var graphemeTable = runeTable{of: func(r rune) uint8 { return uint8(graphemeOf(r)) }}

func graphemeOf(r rune) graphemeClass {
	switch {
	case r == '\r':
		return graphemeCR
	case r == '\n':
		return graphemeLF
	case r == 0x200C:
		return graphemeNonJoiner
	case r == 0x200D:
		return graphemeJoiner
	case r >= 0x1F1E6 && r <= 0x1F1FF:
		return graphemeRegional
	case r >= hangulS && r < hangulS+hangulLs*hangulVs*hangulTs:
		if (r-hangulS)%hangulTs == 0 {
			return graphemeLV
		}
		return graphemeLVT
	}
	ranges := graphemeList()
	i := sort.Search(len(ranges), func(i int) bool { return ranges[i].last >= r })
	if i < len(ranges) && ranges[i].first <= r {
		return ranges[i].class
	}
	return graphemeAny
}

type graphemeRange struct {
	first, last rune
	class       graphemeClass
}

// graphemeList is graphemeRanges in the order of the characters.
var graphemeList = sync.OnceValue(func() (list []graphemeRange) {
	for class, text := range graphemeRanges {
		for _, r := range parseRanges(text) {
			list = append(list, graphemeRange{r[0], r[1], class})
		}
	}
	slices.SortFunc(list, func(a, b graphemeRange) int { return int(a.first - b.first) })
	return list
})

// clusterEnd is the end of the extended grapheme cluster that begins at text[i:].
func clusterEnd(text string, i int) int {
	if i+1 == len(text) || text[i] < utf8.RuneSelf && text[i+1] < utf8.RuneSelf && text[i] != '\r' {
		return i + 1
	}
	r, size := utf8.DecodeRuneInString(text[i:])
	var c cluster
	c.begin(graphemeClass(graphemeTable.at(r)))
	for i += size; i < len(text); i += size {
		r, size = utf8.DecodeRuneInString(text[i:])
		if !c.joins(graphemeClass(graphemeTable.at(r))) {
			break
		}
	}
	return i
}

// cluster is what has been read of a grapheme cluster.
type cluster struct {
	last      graphemeClass
	regionals int
	picture   bool // a picture, then only extending characters; the last may be a joiner
	consonant bool // a consonant, then only extending characters
	linked    bool // and one of these is a linker
}

func (c *cluster) begin(g graphemeClass) {
	*c = cluster{last: g, picture: g == graphemePicture, consonant: g == graphemeConsonant}
	if g == graphemeRegional {
		c.regionals = 1
	}
}

// joins reports whether a character belongs to the cluster, and takes it into it if so.
func (c *cluster) joins(g graphemeClass) bool {
	joined := c.extends(g) || c.composes(g) || c.last == graphemeCR && g == graphemeLF ||
		c.last == graphemePrepend && g != graphemeCR && g != graphemeLF && g != graphemeControl
	if !joined {
		return false
	}
	extending := g == graphemeExtend || g == graphemeLinker || g == graphemeJoiner
	c.linked = c.consonant && extending && (c.linked || g == graphemeLinker)
	c.consonant = c.consonant && extending || g == graphemeConsonant
	c.picture = c.picture && (extending || g == graphemeNonJoiner) && c.last != graphemeJoiner || g == graphemePicture
	if g == graphemeRegional {
		c.regionals++
	}
	c.last = g
	return true
}

// extends reports whether a character extends what stands before it.
func (c *cluster) extends(g graphemeClass) bool {
	switch g {
	case graphemeExtend, graphemeLinker, graphemeJoiner, graphemeNonJoiner, graphemeSpacing:
		return c.last != graphemeCR && c.last != graphemeLF && c.last != graphemeControl
	case graphemePicture:
		return c.picture && c.last == graphemeJoiner
	case graphemeConsonant:
		return c.consonant && c.linked
	case graphemeRegional:
		return c.last == graphemeRegional && c.regionals%2 == 1
	}
	return false
}

// composes reports whether a character is the next part of a Hangul syllable.
func (c *cluster) composes(g graphemeClass) bool {
	switch c.last {
	case graphemeL:
		return g == graphemeL || g == graphemeV || g == graphemeLV || g == graphemeLVT
	case graphemeLV, graphemeV:
		return g == graphemeV || g == graphemeT
	case graphemeLVT, graphemeT:
		return g == graphemeT
	}
	return false
}
