package tokenizer

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"unicode/utf8"
)

// Unigram is the model of SentencePiece's unigram language models: of all ways to cut a word into
// pieces it takes the one whose scores have the greatest sum.
type Unigram struct {
	list     []string
	trie     trie
	root     uint32
	scores   []float64 // by id
	unknown  int32
	penalty  float64    // the score of an unknown character
	fallback [256]int32 // pieces such as <0x0A>, for the bytes of unknown text; unused if bytes is false
	bytes    bool
}

// UnigramOptions are the settings of a [Unigram].
type UnigramOptions struct {
	Unknown      int32 // id of the unknown piece
	ByteFallback bool  // write unknown text in the pieces <0x00> to <0xFF>, if all of its bytes have one
}

// unknownPenalty is how much less an unknown character scores than the piece with the lowest score.
const unknownPenalty = 10

// maxUnigramBytes bounds a piece, and so how far a search goes from each character of a text.
const maxUnigramBytes = 1 << 10

// NewUnigram makes a model of pieces and their scores. A piece's index is its id. If a piece
// appears more than once, its last id counts.
func NewUnigram(pieces []string, scores []float64, opts UnigramOptions) (*Unigram, error) {
	switch {
	case len(pieces) != len(scores):
		return nil, fmt.Errorf("it has %d pieces and %d scores", len(pieces), len(scores))
	case len(pieces) > maxPieces:
		return nil, fmt.Errorf("it has %d pieces; at most %d can be read", len(pieces), maxPieces)
	case opts.Unknown < 0 || int(opts.Unknown) >= len(pieces):
		return nil, fmt.Errorf("the unknown piece has id %d, but there are %d pieces", opts.Unknown, len(pieces))
	}
	u := &Unigram{list: pieces, scores: scores, unknown: opts.Unknown, bytes: opts.ByteFallback}
	lowest := math.Inf(1)
	entries := make([]entry, 0, len(pieces))
	for i, piece := range pieces {
		if err := checkPiece(piece, maxUnigramBytes); err != nil {
			return nil, fmt.Errorf("piece %d: %w", i, err)
		}
		if math.IsNaN(scores[i]) || math.IsInf(scores[i], 0) {
			return nil, fmt.Errorf("piece %d, %.80q: its score is %v", i, piece, scores[i])
		}
		lowest = min(lowest, scores[i])
		if piece != "" {
			entries = append(entries, entry{piece, int32(i)})
		}
	}
	u.penalty = lowest - unknownPenalty
	var roots []uint32
	u.trie, roots = newTrie(entries)
	u.root = roots[0]
	u.fallback = fallbackPieces(u.lookup)
	return u, nil
}

var errNotText = errors.New("it is not UTF-8 text")

// fallbackPieces finds the pieces that stand for bytes, such as <0x0A>; noPiece where there is
// none.
func fallbackPieces(lookup func(piece string) int32) (ids [256]int32) {
	for b := range ids {
		ids[b] = lookup(fmt.Sprintf("<0x%02X>", b))
	}
	return ids
}

func (u *Unigram) pieces() []string { return u.list }

func (u *Unigram) lookup(piece string) int32 { return u.trie.lookup(piece, u.root) }

func (u *Unigram) unknownPiece() int32 { return u.unknown }

func (u *Unigram) prefix() string { return "" }

// arrival is the best way to cut a word up to a place.
type arrival struct {
	score float64
	from  int32 // where its last piece begins; -1 while no way is known
	id    int32 // its last piece
}

// appendWord is Viterbi's algorithm. Of equal sums the first found counts: the one whose last piece
// begins first.
func (u *Unigram) appendWord(dst []int32, word string, s *scratch) []int32 {
	best := u.arrivals(word, s)
	first := len(dst)
	for end := len(word); end > 0; {
		a := best[end]
		if a.id != u.unknown {
			dst = append(dst, a.id)
			end = int(a.from)
			continue
		}
		from := end
		for from > 0 && best[from].id == u.unknown {
			from = int(best[from].from)
		}
		dst = u.appendUnknown(dst, word[from:end])
		end = from
	}
	slices.Reverse(dst[first:])
	return dst
}

// arrivals finds the best way to every place of word.
func (u *Unigram) arrivals(word string, s *scratch) []arrival {
	s.lattice = slices.Grow(s.lattice[:0], len(word)+1)
	best := s.lattice[:len(word)+1]
	for i := range best {
		best[i].from = -1
	}
	best[0] = arrival{id: -1}
	nodes := u.trie.nodes
	for at := 0; at < len(word); {
		size := runeLen(word[at])
		score, single := best[at].score, false
		state := u.root
		for i := at; i < len(word); i++ {
			c := word[i]
			n := nodes[state^uint32(c)]
			if n.label() != c {
				break
			}
			if id := n.id(); id >= 0 {
				single = single || i+1 == at+size
				best[i+1].improve(score+u.scores[id], at, id)
			}
			state = n.base
		}
		if !single {
			best[at+size].improve(score+u.penalty, at, u.unknown)
		}
		at += size
	}
	return best
}

func (a *arrival) improve(score float64, from int, id int32) {
	if a.from < 0 || score > a.score {
		*a = arrival{score, int32(from), id}
	}
}

// appendUnknown appends the ids of a run of unknown characters, the last first.
func (u *Unigram) appendUnknown(dst []int32, text string) []int32 {
	if id := u.trie.lookup(text, u.root); id >= 0 {
		return append(dst, id)
	}
	if !u.bytes {
		return append(dst, u.unknown)
	}
	first := len(dst)
	for i := len(text) - 1; i >= 0; i-- {
		id := u.fallback[text[i]]
		if id < 0 {
			return append(dst[:first], u.unknown)
		}
		dst = append(dst, id)
	}
	return dst
}

// lookup returns the id of text, or noPiece.
func (t *trie) lookup(text string, state uint32) int32 {
	id := int32(noPiece)
	for i := range len(text) {
		n := t.nodes[state^uint32(text[i])]
		if n.label() != text[i] {
			return noPiece
		}
		id, state = n.id(), n.base
	}
	return id
}

// runeLen is the length of a character by its first byte, in valid UTF-8.
func runeLen(first byte) int {
	switch {
	case first < utf8.RuneSelf:
		return 1
	case first < 0xE0:
		return 2
	case first < 0xF0:
		return 3
	}
	return 4
}
