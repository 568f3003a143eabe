package pipeline

import (
	"hash/fnv"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/network"
	"github.com/crossrank/crossrank/internal/pool"
	"github.com/crossrank/crossrank/internal/tokenizer"
)

// words is a tokenizer with one token a word. It counts how often each text was tokenized.
type words struct {
	block chan struct{} // if set, tokenizing receives from it first

	mu    sync.Mutex
	texts map[string]int
}

var _ Tokenizer = (*words)(nil)

func (w *words) AppendSide(dst []int32, text string) []int32 {
	if w.block != nil {
		<-w.block
	}
	w.mu.Lock()
	if w.texts == nil {
		w.texts = map[string]int{}
	}
	w.texts[text]++
	w.mu.Unlock()
	for word := range strings.FieldsSeq(strings.ToValidUTF8(text, "")) {
		dst = append(dst, wordID(word))
	}
	return dst
}

func wordID(word string) int32 {
	h := fnv.New32a()
	h.Write([]byte(word))
	return int32(3 + h.Sum32()%100_000)
}

func (w *words) Join(dst, query, passage []int32, maxLength int, keep tokenizer.Keep) (ids []int32, split, cut int) {
	for len(query)+len(passage) > maxLength-MinLength {
		side := &passage
		if len(query) > len(passage) {
			side = &query
		}
		if keep == tokenizer.KeepEnd {
			*side = (*side)[1:]
		} else {
			*side = (*side)[:len(*side)-1]
		}
		cut++
	}
	dst = append(append(append(dst, 0), query...), 1)
	dst = append(append(dst, passage...), 1)
	return dst, len(query) + 2, cut
}

// machine is an engine whose logits are a function of the ids alone. It keeps the lengths in
// each of its batches.
type machine struct {
	takes time.Duration
	logit func(s network.Sequence) float32 // nil means hash; may panic

	t       *testing.T
	mu      sync.Mutex
	batches [][]int
}

func (m *machine) Logits(seqs []network.Sequence, out []float32) error {
	var lengths []int
	var before []int32
	for _, s := range seqs {
		lengths = append(lengths, len(s.IDs))
		before = append(before, s.IDs...)
	}
	m.mu.Lock()
	m.batches = append(m.batches, lengths)
	m.mu.Unlock()
	time.Sleep(m.takes)
	var after []int32
	for i, s := range seqs {
		after = append(after, s.IDs...)
		if s.TypeBoundary < 2 || s.TypeBoundary >= len(s.IDs) || s.IDs[s.TypeBoundary-1] != 1 || s.IDs[0] != 0 {
			m.t.Errorf("the engine got a malformed sequence %+v", s)
		}
		if m.logit != nil {
			out[i] = m.logit(s)
		} else {
			out[i] = hash(s)
		}
	}
	if !slices.Equal(before, after) {
		m.t.Error("token ids changed while the engine was reading them")
	}
	return nil
}

func hash(s network.Sequence) float32 {
	h := uint32(2166136261) ^ uint32(s.TypeBoundary)
	for _, id := range s.IDs {
		h = (h ^ uint32(id)) * 16777619
	}
	return float32(h%16001)/1000 - 8
}

// length is a logit that is the length of a sequence.
func length(s network.Sequence) float32 { return float32(len(s.IDs)) }

// open starts a pipeline that ends with the test. With a routing it has two engines.
func open(t *testing.T, tok Tokenizer, m *machine, opts Options) *Pipeline {
	t.Helper()
	m.t = t
	engines := []pool.Engine{m, m}
	if opts.Routing == "" {
		engines = engines[:1]
	}
	p, err := New(Model{Name: "fake", Tokenizer: tok, MaxLength: 512, ScoreType: crossrank.Probability}, engines, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

// ofTokens makes a pair of that many tokens, at least 4, special ones included.
func ofTokens(n int) crossrank.Pair {
	return crossrank.Pair{Query: "q", Passage: strings.Repeat("w ", n-4)}
}

func requestOf(tokens ...int) *crossrank.Request {
	req := &crossrank.Request{Raw: true}
	for _, n := range tokens {
		req.Pairs = append(req.Pairs, ofTokens(n))
	}
	return req
}

// quiet is a tokenizer that allocates nothing: a token a byte.
type quiet struct{}

func (quiet) AppendSide(dst []int32, text string) []int32 {
	for _, b := range []byte(text) {
		dst = append(dst, 3+int32(b))
	}
	return dst
}

func (quiet) Join(dst, query, passage []int32, maxLength int, keep tokenizer.Keep) (ids []int32, split, cut int) {
	return new(words).Join(dst, query, passage, maxLength, keep)
}

// still is an engine that allocates nothing.
type still struct{}

func (still) Logits(seqs []network.Sequence, out []float32) error { return nil }
