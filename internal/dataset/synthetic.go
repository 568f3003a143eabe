package dataset

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"

	"github.com/crossrank/crossrank"
)

// The lengths of MS MARCO's development queries and passages in BERT's pieces, which both are about
// log-normal: a query has 7.0 on average with a standard deviation of 2.9, the logarithm of a
// passage's length 4.184 and 0.34. For a query that means σ² = ln(1 + (2.9/7.0)²) and μ = ln 7.0 −
// σ²/2.
var (
	queryLength   = length{mu: 1.8667, sigma: 0.3979, most: 38}
	passageLength = length{mu: 4.184, sigma: 0.34, most: 212}
)

// length is a log-normal distribution of whole numbers from 1 to most.
type length struct {
	mu, sigma float64
	most      int
}

func (l length) draw(rnd *rand.Rand) int {
	x := math.Exp(l.mu + l.sigma*rnd.NormFloat64())
	return min(max(int(math.Round(x)), 1), l.most)
}

// Synthetic makes n pairs with the distribution of lengths of MS MARCO, which decides what scoring
// costs: 79.5 tokens per pair on average, special tokens included. Their texts are common English
// words in random order. Every word, and the mark that ends a sentence, is one token in any English
// BERT vocabulary. The same seed makes the same pairs, and a larger set begins with the pairs of a
// smaller one.
func Synthetic(n int, seed uint64) *Set {
	set := &Set{Name: "synthetic", Hash: fmt.Sprintf("synthetic, seed %d", seed)}
	w := &writer{rnd: newRand(seed)}
	for range n {
		w.topic = nil
		query := w.words(queryLength.draw(w.rnd))
		w.topic = query
		set.Pairs = append(set.Pairs, crossrank.Pair{
			Query:   strings.Join(query, " "),
			Passage: w.passage(passageLength.draw(w.rnd)),
		})
	}
	return set
}

// writer picks words.
type writer struct {
	rnd   *rand.Rand
	topic []string // words of the query, which its passage repeats
	last  string
}

// words draws n words.
func (w *writer) words(n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = w.word()
	}
	return list
}

// word picks one other than the last. English text is nearly half function words.
func (w *writer) word() string {
	for {
		from := contentWords
		switch p := w.rnd.Float64(); {
		case p < 0.45:
			from = functionWords
		case p < 0.55 && len(w.topic) > 1:
			from = w.topic
		}
		if word := from[w.rnd.IntN(len(from))]; word != w.last {
			w.last = word
			return word
		}
	}
}

// passage gives n tokens of sentences, each of which ends in a mark, which is one token.
func (w *writer) passage(n int) string {
	var b strings.Builder
	for n > 0 {
		size := min(8+w.rnd.IntN(12), n)
		if n-size == 1 { // no room for another word and its mark
			size = n
		}
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(sentence(w.words(max(size-1, 1)), size > 1))
		n -= size
	}
	return b.String()
}

func sentence(words []string, mark bool) string {
	s := strings.Join(words, " ")
	s = strings.ToUpper(s[:1]) + s[1:]
	if mark {
		s += "."
	}
	return s
}

func newRand(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0)) }
