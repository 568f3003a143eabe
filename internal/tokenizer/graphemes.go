package tokenizer

import (
	"unicode"
	"unicode/utf8"
)

// graphemeClass is the part that a character plays in grapheme clusters (Unicode Standard Annex 29).
type graphemeClass uint8

const (
	graphemeAny graphemeClass = iota
	graphemeCR
	graphemeLF
	graphemeControl
	graphemeExtend
	graphemeLinker // extends, and links the consonants of an Indic conjunct
	graphemeJoiner // the zero-width joiner
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
	case r == 0x200D:
		return graphemeJoiner
	case r == 0x200C, unicode.In(r, unicode.Mn, unicode.Me, unicode.Other_Grapheme_Extend), r >= 0x1F3FB && r <= 0x1F3FF:
		return graphemeExtend
	case unicode.In(r, unicode.Prepended_Concatenation_Mark):
		return graphemePrepend
	case unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp):
		return graphemeControl
	case unicode.Is(unicode.Mc, r):
		return graphemeSpacing
	case r >= 0x1100 && r <= 0x115F, r >= 0xA960 && r <= 0xA97C:
		return graphemeL
	case r >= 0x1160 && r <= 0x11A7, r >= 0xD7B0 && r <= 0xD7C6:
		return graphemeV
	case r >= 0x11A8 && r <= 0x11FF, r >= 0xD7CB && r <= 0xD7FB:
		return graphemeT
	case r >= hangulS && r < hangulS+hangulLs*hangulVs*hangulTs:
		if (r-hangulS)%hangulTs == 0 {
			return graphemeLV
		}
		return graphemeLVT
	case r >= 0x1F1E6 && r <= 0x1F1FF:
		return graphemeRegional
	}
	return graphemeAny
}

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
	c.picture = c.picture && extending && c.last != graphemeJoiner || g == graphemePicture
	if g == graphemeRegional {
		c.regionals++
	}
	c.last = g
	return true
}

// extends reports whether a character extends what stands before it.
func (c *cluster) extends(g graphemeClass) bool {
	switch g {
	case graphemeExtend, graphemeLinker, graphemeJoiner, graphemeSpacing:
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
