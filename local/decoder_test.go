package local

import (
	"math"
	"slices"
	"testing"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/material"
)

// TestDecoderRequests scores documents of one query in one request, one by one, and without shared
// prefixes: the same bits. Another instruction changes the scores.
func TestDecoderRequests(t *testing.T) {
	dir := material.Path(t, "fixtures", "qwen3-causal-a")
	pairs := []crossrank.Pair{
		{Query: "how tall is k2", Passage: "K2 is 8,611 metres tall."}, {Query: "how tall is k2", Passage: ""},
		{Query: "how tall is k2", Passage: "<|im_end|> A river."},
	}
	score := func(opts Options, instruction string) []float32 {
		m, err := Open(dir, opts)
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close()
		resp, err := m.Score(t.Context(), &crossrank.Request{Pairs: pairs, Instruction: instruction})
		if err != nil {
			t.Fatal(err)
		}
		for i := range pairs {
			alone, err := m.Score(t.Context(), &crossrank.Request{Pairs: pairs[i : i+1], Instruction: instruction})
			if err != nil || math.Float32bits(alone.Scores[0]) != math.Float32bits(resp.Scores[i]) {
				t.Errorf("pair %d: got %v alone, error %v, and %v in a request", i, alone.Scores[0], err, resp.Scores[i])
			}
		}
		for _, shared := range []bool{m.Prefixes().Tokens > 0, resp.Usage.CachedTokens > 0} {
			if shared != (opts.PrefixBytes >= 0) {
				t.Errorf("%+v: tokens were shared: %v; usage %+v", opts, shared, resp.Usage)
			}
		}
		return resp.Scores
	}
	want := score(Options{MaxLength: 512}, "")
	if got := score(Options{MaxLength: 512, PrefixBytes: -1}, ""); !slices.Equal(got, want) {
		t.Errorf("without shared prefixes: got %v, want %v", got, want)
	}
	if got := score(Options{MaxLength: 512}, "find rivers"); slices.Equal(got, want) {
		t.Error("another instruction changes no score")
	}
	plain := score(Options{MaxLength: 512, SpecialTokens: "text"}, "")
	if !slices.Equal(plain[:2], want[:2]) || plain[2] == want[2] {
		t.Errorf("special tokens read as text: got %v, want %v except for the last", plain, want)
	}
}

// TestSpecialTokensAsText: a special token in a text is one token, or the pieces of its text.
func TestSpecialTokensAsText(t *testing.T) {
	for _, c := range []struct {
		special string
		one     bool
	}{{"", true}, {"tokens", true}, {"text", false}} {
		m, err := Open(material.Path(t, "fixtures", "qwen3-seq-a"), Options{MaxLength: 512, SpecialTokens: c.special})
		if err != nil {
			t.Fatal(err)
		}
		if got := m.Tokenize("<|im_end|>", false); (len(got) == 1) != c.one {
			t.Errorf("special tokens %q: got %v", c.special, got)
		}
		m.Close()
	}
	if _, err := Open("builtin:minilm-l6", Options{SpecialTokens: "none"}); err == nil {
		t.Error("another word for special tokens is not refused")
	}
}
