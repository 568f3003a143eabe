package tokenizer

import (
	"fmt"
	"sync/atomic"
	"unicode/utf8"
)

// BPE is byte-pair encoding: a word is cut into characters, and the pair of neighbours that stands
// first in a list of merges becomes one piece, again and again.
//
// Most words are one piece. Whether the merges lead to a piece, for a word that is one, is found
// out once and kept.
type BPE struct {
	list     []string
	ids      pieceIDs // by the text of a word: bytes, if the model reads bytes
	others   pieceIDs // pieces that no bytes stand for
	opts     BPEOptions
	merges   mergeTable
	bytes    [256]int32 // the first pieces of bytes, if the model reads bytes
	raw      bool       // whether words are bytes, for which the pieces have printable characters
	fallback [256]int32 // pieces such as <0x0A>, for the bytes of unknown characters
	unknown  int32
	whole    []atomic.Uint32 // what is known of each piece: untried, reached or missed
}

// BPEOptions are the settings of a [BPE], as in tokenizer.json.
type BPEOptions struct {
	Unknown      string // the piece for characters that the vocabulary lacks; "": they are dropped
	FuseUnknown  bool   // neighbouring unknown characters are one piece
	Prefix       string // begins each piece that does not begin a word
	Suffix       string // ends each piece that ends a word
	ByteFallback bool   // write unknown characters in the pieces <0x00> to <0xFF>
	IgnoreMerges bool   // a word that is a piece is that piece, whatever the merges say
}

// Merge is a pair of pieces that become one.
type Merge struct{ Left, Right string }

// NewBPE makes a model. A piece's index is its id; "" marks an unused one. The merges come first
// that are done first.
func NewBPE(pieces []string, merges []Merge, opts BPEOptions) (*BPE, error) {
	ids, err := index(pieces)
	if err != nil {
		return nil, err
	}
	m := &BPE{list: pieces, ids: ids, opts: opts, unknown: noPiece, whole: make([]atomic.Uint32, len(pieces))}
	if opts.Unknown != "" {
		id, ok := ids[opts.Unknown]
		if !ok {
			return nil, fmt.Errorf("the vocabulary has no unknown piece %.80q", opts.Unknown)
		}
		m.unknown = id
	}
	if err := m.addMerges(merges); err != nil {
		return nil, err
	}
	if opts.ByteFallback {
		m.fallback = fallbackPieces(m.lookup)
	}
	return m, nil
}

// addMerges makes the table of merges. Of equal pairs the last counts.
func (m *BPE) addMerges(merges []Merge) error {
	m.merges = newMergeTable(len(merges))
	var joined []byte
	for rank, pair := range merges {
		left, ok := m.ids[pair.Left]
		right, ok2 := m.ids[pair.Right]
		if !ok || !ok2 {
			return fmt.Errorf("merge %d joins %.80q and %.80q, which are not both in the vocabulary", rank, pair.Left, pair.Right)
		}
		if len(pair.Right) < len(m.opts.Prefix) {
			return fmt.Errorf("merge %d: %.80q is shorter than the prefix of its kind", rank, pair.Right)
		}
		joined = append(append(joined[:0], pair.Left...), pair.Right[len(m.opts.Prefix):]...)
		id, ok := m.ids[string(joined)]
		if !ok {
			return fmt.Errorf("merge %d makes %.80q, which is not in the vocabulary", rank, joined)
		}
		m.merges.set(left, right, uint32(rank), id)
	}
	return nil
}

// readBytes makes the model read bytes in place of the printable characters that stand for them. It
// reports whether it can.
func (m *BPE) readBytes() bool {
	if m.opts.Prefix != "" || m.opts.Suffix != "" || m.opts.ByteFallback {
		return false
	}
	for b := range m.bytes {
		m.bytes[b] = m.ids.lookup(string(byteRunes[b]))
	}
	ids, others := make(pieceIDs, len(m.ids)), make(pieceIDs)
	for piece, id := range m.ids {
		if raw, ok := pieceBytes(piece); ok {
			ids[raw] = id
		} else {
			others[piece] = id
		}
	}
	m.ids, m.others, m.raw = ids, others, true
	return true
}

func (m *BPE) pieces() []string { return m.list }

func (m *BPE) lookup(piece string) int32 {
	if !m.raw {
		return m.ids.lookup(piece)
	}
	if raw, ok := pieceBytes(piece); ok {
		return m.ids.lookup(raw)
	}
	return m.others.lookup(piece)
}

// What is known of a piece.
const (
	untried = iota
	reached // the merges of its text lead to it
	missed  // they do not
)

func (m *BPE) appendWord(dst []int32, word string, s *scratch) []int32 {
	id, ok := m.ids[word]
	if !ok {
		return m.appendMerged(dst, word, s)
	}
	if m.opts.IgnoreMerges {
		return append(dst, id)
	}
	switch m.whole[id].Load() {
	case reached:
		return append(dst, id)
	case missed:
		return m.appendMerged(dst, word, s)
	}
	first := len(dst)
	dst = m.appendMerged(dst, word, s)
	state := uint32(missed)
	if got := dst[first:]; len(got) == 1 && got[0] == id {
		state = reached
	}
	m.whole[id].Store(state)
	return dst
}

func (m *BPE) appendMerged(dst []int32, word string, s *scratch) []int32 {
	if m.raw {
		s.merger.ids = m.appendBytes(s.merger.ids[:0], word)
	} else {
		s.merger.ids = m.appendChars(s.merger.ids[:0], word)
	}
	return s.merger.appendMerged(dst, &m.merges)
}

// appendBytes appends the pieces of the bytes of word.
func (m *BPE) appendBytes(ids []int32, word string) []int32 {
	pending := false
	for i := range len(word) {
		if id := m.bytes[word[i]]; id >= 0 {
			ids = append(m.flush(ids, pending), id)
			pending = false
		} else {
			ids, pending = m.appendUnknown(ids, pending)
		}
	}
	return m.flush(ids, pending)
}

// appendUnknown notes an unknown character: its piece is pending until it is clear that it does not
// fuse with the next one.
func (m *BPE) appendUnknown(ids []int32, pending bool) ([]int32, bool) {
	if !m.opts.FuseUnknown {
		ids = m.flush(ids, pending)
	}
	return ids, true
}

// flush appends the unknown piece that is pending, if there is such a piece.
func (m *BPE) flush(ids []int32, pending bool) []int32 {
	if pending && m.unknown >= 0 {
		ids = append(ids, m.unknown)
	}
	return ids
}

// appendChars appends the pieces of the characters of word. Those of bytes come before an unknown
// piece that is pending: the library has them in this order.
func (m *BPE) appendChars(ids []int32, word string) []int32 {
	pending := false
	for i := 0; i < len(word); {
		_, size := utf8.DecodeRuneInString(word[i:])
		char := m.char(word, i, size)
		i += size
		if id, ok := m.ids[char]; ok {
			ids = append(m.flush(ids, pending), id)
			pending = false
			continue
		}
		if m.opts.ByteFallback {
			if with, ok := m.appendFallback(ids, char); ok {
				ids = with
				continue
			}
		}
		ids, pending = m.appendUnknown(ids, pending)
	}
	return m.flush(ids, pending)
}

// char is the piece of a character by its place in the word.
func (m *BPE) char(word string, i, size int) string {
	char := word[i : i+size]
	if i > 0 && m.opts.Prefix != "" {
		char = m.opts.Prefix + char
	}
	if i+size == len(word) && m.opts.Suffix != "" {
		char += m.opts.Suffix
	}
	return char
}

func (m *BPE) appendFallback(ids []int32, char string) ([]int32, bool) {
	first := len(ids)
	for i := range len(char) {
		id := m.fallback[char[i]]
		if id < 0 {
			return ids[:first], false
		}
		ids = append(ids, id)
	}
	return ids, true
}

// appendText appends the bytes for which a piece stands.
func (m *BPE) appendText(dst []byte, id int32) []byte {
	if id < 0 || int(id) >= len(m.list) {
		return dst
	}
	for _, r := range m.list[id] {
		if b, ok := runeBytes[r]; ok {
			dst = append(dst, b)
		}
	}
	return dst
}

func (m *BPE) unknownPiece() int32 { return m.unknown }

func (m *BPE) prefix() string { return m.opts.Prefix }
