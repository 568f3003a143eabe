package main

import (
	"cmp"
	"container/heap"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// Options says how much to learn.
type Options struct {
	// Size is the most pieces that the vocabulary may have, the special tokens included. 0 means
	// 30,522, as many as BERT's own.
	Size int

	// MinCount is how often two pieces must stand together to be joined, and a character other than
	// printable ASCII to be a piece. Less than 2 means 2: what was seen once says nothing about
	// other texts.
	MinCount int
}

const defaultSize = 30522

// Vocab is a vocabulary and what it does to the words that it was learnt from.
type Vocab struct {
	Pieces  []string // by id
	PerWord float64  // pieces a word, as the joins split the words
}

// specials come first, in the order that BERT's own vocabularies have them.
var specials = []string{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"}

// Train learns a vocabulary. The result depends only on words and opts.
func Train(words Words, opts Options) (*Vocab, error) {
	opts.Size = cmp.Or(opts.Size, defaultSize)
	opts.MinCount = max(opts.MinCount, 2)
	t := newTrainer(words, opts)
	if len(t.pieces) > opts.Size {
		return nil, fmt.Errorf("the special tokens and single characters alone are %d pieces, more than the size of %d",
			len(t.pieces), opts.Size)
	}
	for len(t.pieces) < opts.Size && t.joinBest() {
	}
	var tokens, count int
	for _, w := range t.words {
		tokens += len(w.pieces) * w.count
		count += w.count
	}
	return &Vocab{Pieces: t.pieces, PerWord: float64(tokens) / float64(max(count, 1))}, nil
}

// word is a word in the middle of training.
type word struct {
	pieces []int // ids, in order
	count  int
}

// pair is two pieces that stand next to each other.
type pair struct{ left, right int }

// trainer keeps the count of every pair up to date while pairs are joined, so that a join costs
// only the words that it changes.
type trainer struct {
	opts   Options
	pieces []string
	ids    map[string]int
	words  []word

	counts map[pair]int
	where  map[pair]map[int]struct{} // the words that a pair was ever seen in
	queue  candidates                // may hold stale counts, which are put right when they come up
}

func newTrainer(words Words, opts Options) *trainer {
	t := &trainer{
		opts:   opts,
		ids:    make(map[string]int),
		counts: make(map[pair]int),
		where:  make(map[pair]map[int]struct{}),
	}
	for _, s := range specials {
		t.id(s)
	}
	t.addCharacters(words)
	sorted := make([]string, 0, len(words))
	for w := range words {
		sorted = append(sorted, w)
	}
	slices.Sort(sorted)
	for _, text := range sorted {
		t.addWord(text, words[text])
	}
	for p := range t.counts {
		t.offer(p)
	}
	return t
}

// addCharacters makes pieces of the printable ASCII characters that lower-cased text can hold, so
// that any such text has pieces whatever was learnt, and of the other characters that the words
// hold often enough. Punctuation always stands alone, so only letters and digits are given a "##"
// form.
func (t *trainer) addCharacters(words Words) {
	counts := make(map[rune]int)
	for w, n := range words {
		for _, r := range w {
			counts[r] += n
		}
	}
	var chars []rune
	for r := rune('!'); r <= '~'; r++ {
		if !unicode.IsUpper(r) {
			chars = append(chars, r)
		}
	}
	for r, n := range counts {
		if r > unicode.MaxASCII && n >= t.opts.MinCount {
			chars = append(chars, r)
		}
	}
	slices.Sort(chars)
	for _, r := range chars {
		t.id(string(r))
	}
	for _, r := range chars {
		if !isPunct(r) {
			t.id("##" + string(r))
		}
	}
}

// addWord splits text into characters. A word with a character that is no piece teaches nothing.
func (t *trainer) addWord(text string, count int) {
	w := word{count: count}
	prefix := ""
	for _, r := range text {
		id, ok := t.ids[prefix+string(r)]
		if !ok {
			return
		}
		w.pieces = append(w.pieces, id)
		prefix = "##"
	}
	t.words = append(t.words, w)
	t.count(len(t.words)-1, +1)
}

// id is the id of a piece, which is added if it is new.
func (t *trainer) id(piece string) int {
	id, ok := t.ids[piece]
	if !ok {
		id = len(t.pieces)
		t.ids[piece] = id
		t.pieces = append(t.pieces, piece)
	}
	return id
}

// count adds the pairs of a word to the counts, or subtracts them.
func (t *trainer) count(index, sign int) {
	w := t.words[index]
	for i := 1; i < len(w.pieces); i++ {
		p := pair{w.pieces[i-1], w.pieces[i]}
		t.counts[p] += sign * w.count
		if sign > 0 {
			if t.where[p] == nil {
				t.where[p] = make(map[int]struct{})
			}
			t.where[p][index] = struct{}{}
		}
	}
}

// joinBest joins the most frequent pair everywhere and says whether there was one frequent enough.
// Of equally frequent pairs the one with the lower ids, that is the older pieces, comes first.
func (t *trainer) joinBest() bool {
	for t.queue.Len() > 0 {
		best := heap.Pop(&t.queue).(candidate)
		if now := t.counts[best.pair]; now != best.count {
			t.offer(best.pair)
			continue
		}
		t.join(best.pair)
		return true
	}
	return false
}

func (t *trainer) join(p pair) {
	joined := t.id(t.pieces[p.left] + strings.TrimPrefix(t.pieces[p.right], "##"))
	changed := make(map[pair]struct{})
	for index := range t.where[p] {
		t.count(index, -1)
		w := &t.words[index]
		w.pieces = replace(w.pieces, p, joined)
		t.count(index, +1)
		for i := 1; i < len(w.pieces); i++ {
			changed[pair{w.pieces[i-1], w.pieces[i]}] = struct{}{}
		}
	}
	delete(t.counts, p)
	delete(t.where, p)
	for q := range changed {
		if q.left == joined || q.right == joined {
			t.offer(q)
		}
	}
}

// replace puts joined for every p in pieces, in place.
func replace(pieces []int, p pair, joined int) []int {
	kept := pieces[:0]
	for i := 0; i < len(pieces); i++ {
		if i+1 < len(pieces) && pieces[i] == p.left && pieces[i+1] == p.right {
			kept = append(kept, joined)
			i++
			continue
		}
		kept = append(kept, pieces[i])
	}
	return kept
}

// offer queues a pair with its present count, if that is enough.
func (t *trainer) offer(p pair) {
	if n := t.counts[p]; n >= t.opts.MinCount {
		heap.Push(&t.queue, candidate{p, n})
	}
}

type candidate struct {
	pair
	count int
}

// candidates is a heap.Interface with the best candidate first.
type candidates []candidate

func (c candidates) Len() int      { return len(c) }
func (c candidates) Swap(i, j int) { c[i], c[j] = c[j], c[i] }
func (c candidates) Less(i, j int) bool {
	a, b := c[i], c[j]
	if a.count != b.count {
		return a.count > b.count
	}
	if a.left != b.left {
		return a.left < b.left
	}
	return a.right < b.right
}

func (c *candidates) Push(x any) { *c = append(*c, x.(candidate)) }
func (c *candidates) Pop() any {
	old := *c
	last := old[len(old)-1]
	*c = old[:len(old)-1]
	return last
}
