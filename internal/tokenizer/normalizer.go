package tokenizer

import (
	"strings"
	"sync"
	"unicode/utf8"
)

// Normalizer rewrites text. It is one of that of [NewBERTNormalizer], [*UnicodeForm],
// [RemoveMarks], [Lowercase], [Replace], [Prepend], [Strip], [NMT], [ByteCharacters] and
// [*Precompiled].
type Normalizer interface {
	// append appends the normalized text to dst, which is empty. Text is UTF-8 and not empty.
	append(dst []byte, text string) []byte
}

// remover is a normalizer that may take characters away.
type remover interface {
	// removesStart reports whether it removes the first character of text.
	removesStart(text string) bool
}

// Lowercase lower-cases each character by itself.
type Lowercase struct{}

func (Lowercase) append(dst []byte, text string) []byte {
	var lowered [4]rune
	for _, r := range text {
		if r < utf8.RuneSelf {
			if 'A' <= r && r <= 'Z' {
				r |= 0x20
			}
			dst = append(dst, byte(r))
			continue
		}
		for _, l := range lower(lowered[:0], r) {
			dst = utf8.AppendRune(dst, l)
		}
	}
	return dst
}

// RemoveMarks removes combining marks (StripAccents in tokenizer.json).
type RemoveMarks struct{}

func (RemoveMarks) append(dst []byte, text string) []byte {
	for _, r := range text {
		if r < utf8.RuneSelf || !isMark(r) {
			dst = utf8.AppendRune(dst, r)
		}
	}
	return dst
}

func (RemoveMarks) removesStart(text string) bool {
	r, _ := utf8.DecodeRuneInString(text)
	return isMark(r)
}

// Strip removes white space at the beginning and at the end of text.
type Strip struct{ Left, Right bool }

func (n Strip) append(dst []byte, text string) []byte {
	if n.Left {
		text = trimSpaceStart(text)
	}
	if n.Right {
		text = trimSpaceEnd(text)
	}
	return append(dst, text...)
}

func (n Strip) removesStart(text string) bool {
	r, _ := utf8.DecodeRuneInString(text)
	return n.Left && isSpace(r)
}

// Prepend puts a text before each segment.
type Prepend struct{ Text string }

func (n Prepend) append(dst []byte, text string) []byte {
	return append(append(dst, n.Text...), text...)
}

// ByteCharacters replaces each byte by the printable character that stands for it in the
// vocabularies of [ByteLevel].
type ByteCharacters struct{}

func (ByteCharacters) append(dst []byte, text string) []byte {
	for i := range len(text) {
		dst = utf8.AppendRune(dst, byteRunes[text[i]])
	}
	return dst
}

// Replace replaces each match of a pattern.
type Replace struct {
	Pattern Pattern
	Content string
}

func (n Replace) append(dst []byte, text string) []byte {
	m := memories.Get().(*memory)
	defer memories.Put(m)
	m.reset()
	from := 0
	for from < len(text) {
		start, end, ok := n.Pattern.find(text, from, m)
		if !ok {
			break
		}
		dst = append(append(dst, text[from:start]...), n.Content...)
		from = end
	}
	return append(dst, text[from:]...)
}

// memories are for patterns outside of a pre-tokenizer.
var memories = sync.Pool{New: func() any { return new(memory) }}

// NMT removes and replaces control characters and unusual white space as SentencePiece does.
type NMT struct{}

func (NMT) append(dst []byte, text string) []byte {
	for _, r := range text {
		if r >= ' ' && r < 0x7F {
			dst = append(dst, byte(r))
		} else if r, kept := nmt(r); kept {
			dst = utf8.AppendRune(dst, r)
		}
	}
	return dst
}

func (NMT) removesStart(text string) bool {
	r, _ := utf8.DecodeRuneInString(text)
	_, kept := nmt(r)
	return !kept
}

func nmt(r rune) (to rune, kept bool) {
	switch {
	case r >= 0x1 && r <= 0x8, r == 0xB, r >= 0xE && r <= 0x1F, r == 0x7F, r == 0x8F, r == 0x9F:
		return 0, false
	case strings.ContainsRune("\t\n\f\r\u1680\u200b\u200c\u200d\u200e\u200f\u2028\u2029\u2581\ufeff\ufffd", r):
		return ' ', true
	}
	return r, true
}
