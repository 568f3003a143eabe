// Package scorertest tests implementations of [crossrank.Scorer]: a [Fake] that answers without a
// model, and [Run], the suite that every Scorer must pass, a model in this process as well as a
// client of a server.
//
// The score of the fake is a hash of the pair. A test that knows the pair knows its score, and
// notices at once when a score belongs to another pair. A client is tested by running the suite on
// a client of a real server over a Fake.
package scorertest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/crossrank/crossrank"
)

var _ crossrank.Scorer = (*Fake)(nil)

// Fake is a deterministic [crossrank.Scorer] without a model. The zero value works. It is safe for
// concurrent use; set its fields before the first request.
type Fake struct {
	// Name is the model's name in responses; "" means "fake".
	Name string

	// Delay is the duration of every request, unless its context ends first.
	Delay time.Duration

	// Fault, if set, is called before a request is answered. Its error becomes the result.
	Fault func(req *crossrank.Request) error

	mu    sync.Mutex
	calls int
	last  *crossrank.Request
}

// Score implements [crossrank.Scorer]: the [Logit] of every pair if raw scores are requested, else
// its sigmoid; with TopN only the highest. There is no limit on length, so MaxLength and Truncation
// have no effect.
func (f *Fake) Score(ctx context.Context, req *crossrank.Request) (*crossrank.Response, error) {
	started := time.Now()
	f.record(req)
	if err := req.Validate(); err != nil {
		return nil, err
	}
	name := cmp.Or(f.Name, "fake")
	if req.Model != "" && req.Model != name {
		return nil, crossrank.Errorf(crossrank.NotFound, "there is no model %q here, only %q", req.Model, name)
	}
	if err := f.wait(ctx); err != nil {
		return nil, err
	}
	if f.Fault != nil {
		if err := f.Fault(req); err != nil {
			return nil, err
		}
	}
	resp := &crossrank.Response{Scores: make([]float32, len(req.Pairs)), ScoreType: crossrank.Probability, Model: name}
	if req.Raw {
		resp.ScoreType = crossrank.Logit
	}
	longest := 0
	for i, p := range req.Pairs {
		resp.Scores[i] = Logit(p)
		if !req.Raw {
			resp.Scores[i] = crossrank.Sigmoid(resp.Scores[i])
		}
		tokens := Tokens(p)
		resp.Usage.Tokens += tokens
		longest = max(longest, tokens)
	}
	resp.Usage.PaddedTokens = longest * len(req.Pairs)
	Omit(resp.Scores, req.TopN)
	resp.Timing = crossrank.Timing{Tokenize: time.Microsecond, Queue: 2 * time.Microsecond, Compute: f.Delay + 3*time.Microsecond}
	resp.Timing.Total = max(time.Since(started), f.Delay+6*time.Microsecond)
	return resp, nil
}

// Omit leaves out all scores but the topN highest; 0 means none.
func Omit(scores []float32, topN int) {
	if topN <= 0 {
		return
	}
	rest := crossrank.Order(scores, 0)
	for _, r := range rest[min(topN, len(rest)):] {
		scores[r.Index] = crossrank.Omitted
	}
}

// wait waits for the delay, or returns the error of a context that ends first.
func (f *Fake) wait(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return ended(err)
	}
	if f.Delay <= 0 {
		return nil
	}
	timer := time.NewTimer(f.Delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ended(ctx.Err())
	}
}

// Calls is the number of requests so far.
func (f *Fake) Calls() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls
}

// Last is a copy of the latest request, or nil.
func (f *Fake) Last() *crossrank.Request {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.last
}

func (f *Fake) record(req *crossrank.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls++
	f.last = clone(req)
}

// Info describes the fake as a model.
func (f *Fake) Info() crossrank.Info {
	name := f.Name
	if name == "" {
		name = "fake"
	}
	return crossrank.Info{
		Model: name, Weights: "none", Meaningless: true, Backend: "fake", Device: "cpu", Tier: "none", Threads: 1,
		Quantization: "none", MaxLength: 512, ScoreType: crossrank.Probability, Layers: 1, Hidden: 1, Parameters: 1,
		VocabSize: 1, Version: "test",
	}
}

// Logit is the fake's raw score of a pair: a number from −8 to 8 that depends on both texts. Bytes
// that are not UTF-8 are ignored, as the contract of [crossrank.Pair] says.
func Logit(p crossrank.Pair) float32 {
	h := fnv.New64a()
	fmt.Fprintf(h, "%d:", len(valid(p.Query)))
	h.Write([]byte(valid(p.Query)))
	h.Write([]byte(valid(p.Passage)))
	const steps = 1 << 16 // few enough that a float32 holds each exactly
	return float32(mix(h.Sum64())%(16*steps))/steps - 8
}

// Tokens is the number of tokens of a pair for the fake: its words, and three special tokens.
func Tokens(p crossrank.Pair) int {
	return 3 + len(strings.Fields(p.Query)) + len(strings.Fields(p.Passage))
}

// mix spreads a hash over all of its bits, because FNV gives similar hashes to short texts that
// differ in the last byte. It is the finalizer of MurmurHash3.
func mix(h uint64) uint64 {
	h ^= h >> 33
	h *= 0xff51afd7ed558ccd
	h ^= h >> 33
	h *= 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}

// valid drops invalid UTF-8 and the replacement character.
func valid(s string) string {
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "")
	}
	return strings.ReplaceAll(s, "\uFFFD", "")
}

func ended(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return &crossrank.Error{Code: crossrank.DeadlineExceeded, Message: "the deadline passed", Err: err}
	}
	return &crossrank.Error{Code: crossrank.Canceled, Message: "the caller left", Err: err}
}

func clone(req *crossrank.Request) *crossrank.Request {
	c := *req
	c.Pairs = append([]crossrank.Pair(nil), req.Pairs...)
	return &c
}
