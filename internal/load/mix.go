package load

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"

	"github.com/crossrank/crossrank"
)

// Distribution is one of whole numbers from 1 on, such as the documents of a request.
type Distribution struct {
	// Distribution is constant, uniform, log_normal or list.
	Distribution string

	Value    int // of constant
	Min, Max int // of uniform, both included; bounds of log_normal where they are not 0

	// Mean and StdDev are those of log_normal's numbers themselves, not of their logarithms.
	Mean, StdDev float64

	Values  []int     // of list
	Weights []float64 // of Values, in any unit; without them all are equally likely
}

// Set reports whether there is a distribution at all.
func (d Distribution) Set() bool { return d.Distribution != "" }

// String describes the distribution for reports.
func (d Distribution) String() string {
	switch d.Distribution {
	case "constant":
		return fmt.Sprint(d.Value)
	case "uniform":
		return fmt.Sprintf("uniform from %d to %d", d.Min, d.Max)
	case "log_normal":
		s := fmt.Sprintf("log-normal, mean %g, deviation %g", d.Mean, d.StdDev)
		if d.Min > 0 {
			s += fmt.Sprintf(", at least %d", d.Min)
		}
		if d.Max > 0 {
			s += fmt.Sprintf(", at most %d", d.Max)
		}
		return s
	case "list":
		words := make([]string, len(d.Values))
		for i, v := range d.Values {
			words[i] = fmt.Sprint(v)
			if len(d.Weights) > 0 {
				words[i] += fmt.Sprintf(" (weight %g)", d.Weights[i])
			}
		}
		return "one of " + strings.Join(words, ", ")
	}
	return "as they are"
}

// draw draws a number. The settings are checked before.
func (d Distribution) draw(rng *rand.Rand) int {
	switch d.Distribution {
	case "uniform":
		return d.Min + rng.IntN(d.Max-d.Min+1)
	case "log_normal":
		// With mean m and deviation s, σ² = ln(1+s²/m²) and μ = ln m − σ²/2.
		variance := math.Log1p(d.StdDev * d.StdDev / (d.Mean * d.Mean))
		x := math.Exp(math.Log(d.Mean) - variance/2 + math.Sqrt(variance)*rng.NormFloat64())
		n := max(1, d.Min, int(math.Round(min(x, 1<<30))))
		if d.Max > 0 {
			n = min(n, d.Max)
		}
		return n
	case "list":
		return d.Values[d.choose(rng)]
	}
	return d.Value
}

// choose draws the index of one of the values.
func (d Distribution) choose(rng *rand.Rand) int {
	if len(d.Weights) == 0 {
		return rng.IntN(len(d.Values))
	}
	total := 0.0
	for _, w := range d.Weights {
		total += w
	}
	at, last := rng.Float64()*total, 0
	for i, w := range d.Weights {
		if w <= 0 {
			continue
		}
		if last = i; at < w {
			break
		}
		at -= w
	}
	return last
}

// Mix makes requests of many sizes, each with its own query. The texts are those of a data
// set.
type Mix struct {
	Documents     Distribution // of a request
	QueryWords    Distribution // if set, the words of a query
	DocumentWords Distribution // if set, those of a document
	Seed          uint64
}

// A mix is made before a run begins, up to these bounds. A longer run starts over at its end.
const (
	maxMixed     = 4096
	maxDocuments = 1 << 18
	maxText      = 256 << 20 // bytes of joined texts
)

// String describes the mix for reports.
func (m Mix) String() string {
	s := "documents a request: " + m.Documents.String()
	if m.QueryWords.Set() {
		s += "; words a query: " + m.QueryWords.String()
	}
	if m.DocumentWords.Set() {
		s += "; words a document: " + m.DocumentWords.String()
	}
	return fmt.Sprintf("%s; seed %d", s, m.Seed)
}

// Counts returns the number of documents of each request. It depends on the mix alone, neither on
// the machine nor on the texts.
func (m Mix) Counts() []int {
	rng := rand.New(rand.NewPCG(m.Seed, 0xd0c5))
	var counts []int
	for total := 0; len(counts) < maxMixed; {
		n := m.Documents.draw(rng)
		if total += n; total > maxDocuments && len(counts) > 0 {
			break
		}
		counts = append(counts, n)
	}
	return counts
}

// Requests makes the requests. Each has the query of the next pair and as many passages as it has
// documents, from there on, starting over at the end of the data.
func (m Mix) Requests(pairs []crossrank.Pair) ([][]crossrank.Pair, error) {
	t, err := newTexts(pairs)
	if err != nil {
		return nil, err
	}
	t.query, t.document = m.QueryWords, m.DocumentWords
	t.rng = rand.New(rand.NewPCG(m.Seed, 0x1e57))
	var requests [][]crossrank.Pair
	for _, n := range m.Counts() {
		if len(requests) > 0 && t.made > maxText {
			break
		}
		requests = append(requests, t.request(n))
	}
	return requests, nil
}

// texts supplies queries and documents from pairs, one after another.
type texts struct {
	pairs           []crossrank.Pair
	next            int
	query, document Distribution // of their words, if set
	rng             *rand.Rand
	made            int // bytes that were put together
}

func newTexts(pairs []crossrank.Pair) (*texts, error) {
	for _, p := range pairs {
		if strings.TrimSpace(p.Query) != "" && strings.TrimSpace(p.Passage) != "" {
			return &texts{pairs: pairs}, nil
		}
	}
	return nil, fmt.Errorf("the data has no pair with a query and a passage to make a mix of requests from")
}

// request makes one of n documents.
func (t *texts) request(n int) []crossrank.Pair {
	at := t.next
	query := t.fit(t.query, func() string {
		at++
		return t.pairs[(at-1)%len(t.pairs)].Query
	})
	made := make([]crossrank.Pair, n)
	for i := range made {
		made[i].Query = query
		made[i].Passage = t.fit(t.document, func() string {
			t.next++
			return t.pairs[(t.next-1)%len(t.pairs)].Passage
		})
	}
	return made
}

// fit returns a text of as many words as are drawn: the next text, cut, or several joined.
func (t *texts) fit(words Distribution, next func() string) string {
	if !words.Set() {
		return next()
	}
	want := words.draw(t.rng)
	text, got := cut(next(), want)
	if got == want {
		return text
	}
	var b strings.Builder
	b.WriteString(text)
	for got < want {
		more, n := cut(next(), want-got)
		if n > 0 && got > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(more)
		got += n
	}
	t.made += b.Len()
	return b.String()
}

// cut returns the first n words of a text, or all if there are fewer, without the space around
// them, and their number.
func cut(text string, n int) (string, int) {
	text = strings.TrimSpace(text)
	words, end := 0, 0
	for at := 0; words < n && at < len(text); words++ {
		space := strings.IndexAny(text[at:], " \t\r\n")
		if space < 0 {
			return text, words + 1
		}
		end = at + space
		at = end + len(text[end:]) - len(strings.TrimLeft(text[end:], " \t\r\n"))
	}
	return text[:end], words
}
