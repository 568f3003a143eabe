package tokenizer

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"unicode/utf8"
)

// Precompiled is SentencePiece's normalization by a map from texts to replacements.
//
// The library looks up each grapheme cluster of less than 6 bytes, then each character of those
// that are longer or not in the map. A lookup takes the shortest entry that its text begins with,
// and replaces all of it: the rest of a cluster after that entry is lost. That is an error of the
// library, and models were trained with it.
type Precompiled struct {
	units        []uint32  // a double array in Darts' format
	replacements string    // each ends with a byte 0
	stays        [256]bool // ASCII characters that stay, and begin no cluster with another one

	pages [utf8.MaxRune>>8 + 1]atomic.Pointer[precompiledPage]
}

// precompiledPage has the replacement of 256 characters by themselves; nil where a character stays.
type precompiledPage [256]*string

// longestCluster is the number of bytes of the longest cluster that is looked up as a whole.
const longestCluster = 5

// longestReplacement bounds a replacement, and so how long a text can become. The longest one of
// NFKC has 33 bytes.
const longestReplacement = 256

// NewPrecompiled reads a map: the size of the array in bytes, the array, and the replacements.
func NewPrecompiled(charsmap []byte) (*Precompiled, error) {
	if len(charsmap) < 4 {
		return nil, errors.New("it has less than 4 bytes")
	}
	size := int(binary.LittleEndian.Uint32(charsmap))
	data := charsmap[4:]
	if size < 4 || size/4*4 > len(data) {
		return nil, fmt.Errorf("its array of %d bytes is not in its %d bytes", size, len(data))
	}
	units := make([]uint32, size/4)
	for i := range units {
		units[i] = binary.LittleEndian.Uint32(data[4*i:])
	}
	replacements := string(data[4*len(units):])
	if !utf8.ValidString(replacements) {
		return nil, errors.New("its replacements are not UTF-8")
	}
	for text := range strings.SplitSeq(replacements, "\x00") {
		if len(text) > longestReplacement {
			return nil, fmt.Errorf("a replacement has %d bytes; at most %d can be read", len(text), longestReplacement)
		}
	}
	n := &Precompiled{units: units, replacements: replacements}
	for c := range rune(utf8.RuneSelf) {
		n.stays[c] = c != '\r' && n.rune(c) == nil
	}
	return n, nil
}

func (n *Precompiled) append(dst []byte, text string) []byte {
	for i := 0; i < len(text); {
		if end := n.unchanged(text, i); end > i {
			dst = append(dst, text[i:end]...)
			i = end
			continue
		}
		end := clusterEnd(text, i)
		if end-i <= longestCluster && end > i+runeLen(text[i]) {
			if to, ok := n.lookup(text[i:end]); ok {
				dst = append(dst, to...)
				i = end
				continue
			}
		}
		for i < end {
			r, size := utf8.DecodeRuneInString(text[i:])
			if to := n.rune(r); to != nil {
				dst = append(dst, *to...)
			} else {
				dst = append(dst, text[i:i+size]...)
			}
			i += size
		}
	}
	return dst
}

// unchanged is the end of the ASCII characters at text[i:] that stay as they are.
func (n *Precompiled) unchanged(text string, i int) int {
	end := i
	for end < len(text) && n.stays[text[end]] {
		end++
	}
	if end > i && end < len(text) && text[end] >= utf8.RuneSelf {
		end-- // what follows may be in one cluster with the last
	}
	return end
}

// rune is the replacement of a character by itself, or nil.
func (n *Precompiled) rune(r rune) *string {
	at := &n.pages[r>>8]
	p := at.Load()
	if p == nil {
		p = n.newPage(r &^ 0xFF)
		at.Store(p)
	}
	return p[uint8(r)]
}

func (n *Precompiled) newPage(first rune) *precompiledPage {
	p := new(precompiledPage)
	for i := range p {
		if to, ok := n.lookup(string(first + rune(i))); ok {
			p[i] = &to
		}
	}
	return p
}

// lookup returns the replacement of the shortest entry that text begins with.
func (n *Precompiled) lookup(text string) (to string, ok bool) {
	at := uint32(0)
	unit := n.units[at]
	at ^= darts(unit).offset()
	for i := range len(text) {
		if text[i] == 0 {
			break
		}
		at ^= uint32(text[i])
		if int(at) >= len(n.units) {
			break
		}
		u := darts(n.units[at])
		if u.label() != uint32(text[i]) {
			break
		}
		at ^= u.offset()
		if u.hasLeaf() && int(at) < len(n.units) {
			return n.replacement(darts(n.units[at]).value())
		}
	}
	return "", false
}

func (n *Precompiled) replacement(at uint32) (to string, ok bool) {
	if int(at) > len(n.replacements) {
		return "", false
	}
	to, _, _ = strings.Cut(n.replacements[at:], "\x00")
	return to, utf8.ValidString(to)
}

// darts is a unit of a double array in Darts' format.
type darts uint32

func (u darts) hasLeaf() bool  { return u>>8&1 == 1 }
func (u darts) value() uint32  { return uint32(u) &^ (1 << 31) }
func (u darts) label() uint32  { return uint32(u) & (1<<31 | 0xFF) }
func (u darts) offset() uint32 { return uint32(u) >> 10 << (uint32(u) & (1 << 9) >> 6) }
