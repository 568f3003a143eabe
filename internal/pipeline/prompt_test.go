package pipeline

import (
	"slices"
	"strings"
	"testing"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/pool"
	"github.com/crossrank/crossrank/internal/tokenizer"
)

// A model's prompt stands directly before every query, costs tokens like the query's own text, and
// is part of what a remembered score is remembered by.
func TestPrompt(t *testing.T) {
	for _, mode := range Modes {
		tok := new(words)
		p, err := New(Model{Name: "fake", Tokenizer: tok, Prompt: "in short: wh", MaxLength: 512, ScoreType: crossrank.Logit},
			[]pool.Engine{new(machine)}, Options{Mode: mode, CacheBytes: 1 << 20, Coalesce: true})
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		req := &crossrank.Request{Pairs: []crossrank.Pair{{Query: "o asks", Passage: "a b"}, {Query: "o asks", Passage: "c"}}}
		resp, err := p.Score(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		if want := (4 + 2 + MinLength) + (4 + 1 + MinLength); resp.Usage.Tokens != want {
			t.Errorf("%s: got %d tokens, want %d", mode, resp.Usage.Tokens, want)
		}
		for text, n := range map[string]int{"in short: who asks": 1, "o asks": 0, "a b": 1, "c": 1} {
			if got := tok.texts[text]; got != n {
				t.Errorf("%s: %q was tokenized %d times, want %d", mode, text, got, n)
			}
		}
		s := p.scratch.New().(*scratch)
		if err := p.tokenize(t.Context(), s, req, 512); err != nil {
			t.Fatal(err)
		}
		want, _, _ := tok.Join(nil, tok.AppendSide(nil, "in short: who asks"), tok.AppendSide(nil, "a b"), 512, tokenizer.KeepStart)
		if !slices.Equal(s.ids[:len(want)], want) {
			t.Errorf("%s: got ids %v, want %v", mode, s.ids, want)
		}
		if _, err := p.Score(t.Context(), &crossrank.Request{Pairs: req.Pairs, MaxLength: 5, Truncation: crossrank.TruncateNever}); err == nil ||
			!strings.Contains(err.Error(), "pair 0 has 9 tokens") {
			t.Errorf("%s: too long: got %v, want pair 0 with 9 tokens", mode, err)
		}
	}
}
