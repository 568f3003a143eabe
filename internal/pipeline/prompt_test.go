package pipeline

import (
	"slices"
	"strings"
	"testing"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/pool"
	"github.com/crossrank/crossrank/internal/tokenizer"
)

// TestInstruction: a decoder's prompt stands around the texts, with the request's instruction or
// the model's own.
func TestInstruction(t *testing.T) {
	tok := new(words)
	p, err := New(Model{Name: "fake", Tokenizer: tok, MaxLength: 20, ScoreType: crossrank.Logit, Prompt: tokenizer.Prompt{
		BeforeInstruction: "to ", Instruction: "find answers", BeforeQuery: " for ", AfterQuery: " in:", BeforePassage: " ",
	}}, []pool.Engine{new(machine)}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	pairs := []crossrank.Pair{{Query: "who asks", Passage: "a b"}}
	for _, c := range []struct{ instruction, query string }{
		{"", "to find answers for who asks in:"}, {"look", "to look for who asks in:"},
	} {
		if _, err := p.Score(t.Context(), &crossrank.Request{Pairs: pairs, Instruction: c.instruction}); err != nil {
			t.Fatal(err)
		}
		if tok.texts[c.query] != 1 || tok.texts[" a b"] == 0 {
			t.Errorf("instruction %q: tokenized %v, want %q and %q", c.instruction, tok.texts, c.query, " a b")
		}
	}
	windows := crossrank.Windows{Aggregate: crossrank.BestWindow}
	long := []crossrank.Pair{{Query: "who asks", Passage: strings.Repeat("a ", 30)}}
	if _, err := p.Score(t.Context(), &crossrank.Request{Pairs: long, Windows: windows}); err != nil {
		t.Errorf("windows beside a short query: got %v", err)
	}
	long[0].Query = strings.Repeat("who ", 9)
	_, err = p.Score(t.Context(), &crossrank.Request{Pairs: long, Windows: windows})
	if crossrank.CodeOf(err) != crossrank.InvalidArgument || !strings.Contains(err.Error(), "query of pair 0") {
		t.Errorf("windows beside a long query: got %v, want an error about the query of pair 0", err)
	}
}

// TestPartBetween: a part between query and passage is tokenized by itself.
func TestPartBetween(t *testing.T) {
	tok := new(words)
	p, err := New(Model{Name: "fake", Tokenizer: tok, MaxLength: 20, ScoreType: crossrank.Logit, Prompt: tokenizer.Prompt{
		BeforeInstruction: "to ", BeforeQuery: " for ", BeforeQueryAlone: "for ", Between: "in: ", BeforePassage: " ",
	}}, []pool.Engine{&machine{t: t, logit: length}}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	resp, err := p.Score(t.Context(), &crossrank.Request{Pairs: []crossrank.Pair{{Query: "who asks", Passage: "a b"}}})
	if err != nil || tok.texts["for who asks"] != 1 || tok.texts["in: "] != 1 || resp.Scores[0] != 3+3+1+2 {
		t.Errorf("tokenized %v to %v and %v, want the part between by itself", tok.texts, resp, err)
	}
}

// TestScoresAreKeptByInstruction: a score is not reused for another instruction.
func TestScoresAreKeptByInstruction(t *testing.T) {
	p, err := New(Model{Name: "fake", Tokenizer: new(words), MaxLength: 20, ScoreType: crossrank.Logit, Prompt: tokenizer.Prompt{
		BeforeInstruction: "to ", Instruction: "find answers", BeforeQuery: " for ", AfterQuery: " in:", BeforePassage: " ",
	}}, []pool.Engine{new(machine)}, Options{CacheBytes: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	pairs := []crossrank.Pair{{Query: "who asks", Passage: "a b"}}
	for _, c := range []struct {
		instruction string
		cached      bool
	}{{"", false}, {"look", false}, {"", true}, {"look", true}, {"find answers", true}} {
		resp, err := p.Score(t.Context(), &crossrank.Request{Pairs: pairs, Instruction: c.instruction})
		if err != nil || (resp.Usage.CachedTokens > 0) != c.cached {
			t.Errorf("instruction %q: got %+v, %v, want it cached: %v", c.instruction, resp, err, c.cached)
		}
	}
}

// A model's prompt stands directly before every query, costs tokens like the query's own text, and
// is part of what a remembered score is remembered by.
func TestPrompt(t *testing.T) {
	for _, mode := range Modes {
		tok := new(words)
		p, err := New(Model{Name: "fake", Tokenizer: tok, Prompt: tokenizer.Prompt{BeforeQuery: "in short: wh"}, MaxLength: 512, ScoreType: crossrank.Logit},
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
