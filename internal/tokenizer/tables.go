package tokenizer

import (
	"strings"
	"unicode/utf8"
)

// kind is what a byte of raw text is to the pass over ASCII.
type kind uint8

const (
	other     kind = iota // needs the long way round
	wordByte              // is part of a word, as fold has it
	spaceByte             // ends a word
	punctByte             // ends a word and is one
)

// noPiece is the id of what the vocabulary does not have.
const noPiece = -1

// buildTrie puts the pieces that a word can have into the trie. A word that is longer than one character has no
// punctuation or white space in it, so pieces that do are left out; added tokens do not come from the trie.
func (t *Tokenizer) buildTrie(vocab []string, prefix string) {
	var start, more []entry
	for i, piece := range vocab {
		if t.canMatch(piece, true) {
			start = append(start, entry{piece, int32(i)})
		}
		if rest, ok := strings.CutPrefix(piece, prefix); ok && t.canMatch(rest, false) {
			more = append(more, entry{rest, int32(i)})
		}
	}
	trie, roots := newTrie(start, more)
	t.trie, t.start, t.more = trie, roots[0], roots[1]
}

func (t *Tokenizer) canMatch(piece string, alone bool) bool {
	if piece == "" {
		return false
	}
	if r, size := utf8.DecodeRuneInString(piece); alone && size == len(piece) && t.normalizer.class(r) == punct {
		return true
	}
	for _, r := range piece {
		if t.normalizer.class(r) != letter {
			return false
		}
	}
	return true
}

// buildTables fills the tables of the pass over ASCII with what the normalizer does to single characters.
func (t *Tokenizer) buildTables() {
	for c := range byte(utf8.RuneSelf) {
		out := t.normalizer.append(nil, string(rune(c)))
		if len(out) != 1 || out[0] == 0 {
			continue
		}
		switch t.normalizer.class(rune(out[0])) {
		case space:
			t.kind[c] = spaceByte
		case punct:
			t.kind[c] = punctByte
			t.punctuation[c] = t.appendWord(nil, view(out), 1)[0]
		default:
			t.kind[c] = wordByte
			t.fold[c] = out[0]
		}
	}
}
