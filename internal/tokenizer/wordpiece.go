package tokenizer

import (
	"cmp"
	"strings"
	"unicode/utf8"
)

// WordPiece is BERT's model: a word becomes the longest piece that it begins with, then the longest
// that the rest begins with, and so on. A word with a rest that no piece begins is unknown.
type WordPiece struct {
	list        []string
	ids         pieceIDs
	trie        trie
	start, more uint32 // the trie's roots for the first piece of a word, and for the later ones
	continues   string // begins each piece that continues a word
	unknown     int32
	maxRunes    int
}

// WordPieceOptions are the settings of a [WordPiece].
type WordPieceOptions struct {
	Unknown  string // the piece of unknown words; "" means "[UNK]"
	Prefix   string // begins each piece that continues a word; "" means "##"
	MaxRunes int    // a longer word is unknown; 0 means 100
}

// NewWordPiece makes a model. A piece's index is its id; "" marks an unused one.
func NewWordPiece(pieces []string, opts WordPieceOptions) (*WordPiece, error) {
	ids, err := index(pieces)
	if err != nil {
		return nil, err
	}
	prefix := cmp.Or(opts.Prefix, "##")
	m := &WordPiece{list: pieces, ids: ids, continues: prefix, maxRunes: cmp.Or(opts.MaxRunes, 100)}
	if m.unknown, err = ids.need(cmp.Or(opts.Unknown, "[UNK]")); err != nil {
		return nil, err
	}
	var start, more []entry
	for i, piece := range pieces {
		if piece != "" {
			start = append(start, entry{piece, int32(i)})
		}
		if rest, ok := strings.CutPrefix(piece, prefix); ok && rest != "" {
			more = append(more, entry{rest, int32(i)})
		}
	}
	t, roots := newTrie(start, more)
	m.trie, m.start, m.more = t, roots[0], roots[1]
	return m, nil
}

func (m *WordPiece) pieces() []string { return m.list }

func (m *WordPiece) lookup(piece string) int32 { return m.ids.lookup(piece) }

func (m *WordPiece) unknownPiece() int32 { return m.unknown }

func (m *WordPiece) prefix() string { return m.continues }

func (m *WordPiece) appendWord(dst []int32, word string, _ *scratch) []int32 {
	if len(word) > m.maxRunes && utf8.RuneCountInString(word) > m.maxRunes {
		return append(dst, m.unknown)
	}
	return m.trie.appendPieces(dst, word, m.start, m.more, m.unknown)
}

// appendPieces appends the longest piece that word begins with, then the longest that the rest
// begins with, and so on; or unknown, if a rest has none.
func (t *trie) appendPieces(dst []int32, word string, start, more uint32, unknown int32) []int32 {
	first := len(dst)
	for state := start; word != ""; state = more {
		id, end := t.longest(word, state)
		if id < 0 {
			return append(dst[:first], unknown)
		}
		dst = append(dst, id)
		word = word[end:]
	}
	return dst
}
