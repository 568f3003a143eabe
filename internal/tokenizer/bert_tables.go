package tokenizer

import (
	"strings"
	"unicode/utf8"
)

// kind is the kind of a byte in the pass over ASCII.
type kind uint8

const (
	other     kind = iota // needs all stages
	wordByte              // is part of a word; fold has its normalized form
	spaceByte             // ends a word
	punctByte             // ends a word and is one
)

// noPiece is the id of text that is not in the vocabulary.
const noPiece = -1

// buildTrie puts the pieces that a word can have into the trie. A word of more than one character
// has no punctuation or white space, so pieces that have any are left out. Added tokens are not
// looked up in the trie.
func (b *bert) buildTrie(vocab []string, prefix string) {
	var start, more []entry
	for i, piece := range vocab {
		if b.canMatch(piece, true) {
			start = append(start, entry{piece, int32(i)})
		}
		if rest, ok := strings.CutPrefix(piece, prefix); ok && b.canMatch(rest, false) {
			more = append(more, entry{rest, int32(i)})
		}
	}
	trie, roots := newTrie(start, more)
	b.trie, b.start, b.more = trie, roots[0], roots[1]
}

func (b *bert) canMatch(piece string, alone bool) bool {
	if piece == "" {
		return false
	}
	if r, size := utf8.DecodeRuneInString(piece); alone && size == len(piece) && b.normalizer.class(r) == punct {
		return true
	}
	for _, r := range piece {
		if b.normalizer.class(r) != letter {
			return false
		}
	}
	return true
}

// buildTables fills the tables of the pass over ASCII from the normalizer's results for single
// characters.
func (b *bert) buildTables() {
	for c := range byte(utf8.RuneSelf) {
		out := b.normalizer.append(nil, string(rune(c)))
		if len(out) != 1 || out[0] == 0 {
			continue
		}
		switch b.normalizer.class(rune(out[0])) {
		case space:
			b.kind[c] = spaceByte
		case punct:
			b.kind[c] = punctByte
			b.punctuation[c] = b.appendWord(nil, view(out), 1)[0]
		default:
			b.kind[c] = wordByte
			b.fold[c] = out[0]
		}
	}
}
