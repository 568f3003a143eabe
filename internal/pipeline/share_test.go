package pipeline

import (
	"slices"
	"testing"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/pool"
)

// TestSharedTokensCostNothing: where engines compute the query's side of pairs once for all of
// them, only the first pair of a query has its tokens in the usage and in the cost of the queue.
func TestSharedTokensCostNothing(t *testing.T) {
	pairs := []crossrank.Pair{
		{Query: "who asks", Passage: "a"}, {Query: "who asks", Passage: "b c"}, {Query: "who else", Passage: "d"}, {Query: "who else", Passage: ""},
	}
	for _, shares := range []bool{false, true} {
		p, err := New(Model{Name: "fake", Tokenizer: new(words), MaxLength: 20, ScoreType: crossrank.Logit, SharesPrefixes: shares},
			[]pool.Engine{new(machine)}, Options{CacheBytes: 1 << 20})
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		all, first := 4*(2+MinLength)+4, 0
		for i, q := range pairs {
			if s := p.scratch.New().(*scratch); i%2 == 1 && shares {
				if err := p.tokenize(t.Context(), s, &crossrank.Request{Pairs: pairs[i-1 : i+1]}, 20); err != nil {
					t.Fatal(err)
				}
				first += min(s.items[1].Value.TypeBoundary, len(s.items[1].Value.IDs)-1)
				if got := s.items[1]; got.Tokens != len(got.Value.IDs)-got.Value.Shared || got.Value.Shared == 0 {
					t.Errorf("%q: got %d tokens, of which %d are shared", q.Passage, got.Tokens, got.Value.Shared)
				}
			}
		}
		for _, want := range []struct{ tokens, cached int }{{all - first, first}, {0, all}} {
			resp, err := p.Score(t.Context(), &crossrank.Request{Pairs: pairs})
			if err != nil {
				t.Fatal(err)
			}
			if got := resp.Usage; got.Tokens != want.tokens || got.CachedTokens != want.cached {
				t.Errorf("shared %v: got %d tokens and %d cached, want %d and %d", shares, got.Tokens, got.CachedTokens, want.tokens, want.cached)
			}
		}
		s := p.scratch.New().(*scratch)
		if err := p.tokenize(t.Context(), s, &crossrank.Request{Pairs: pairs}, 20); err != nil {
			t.Fatal(err)
		}
		if got := slices.ContainsFunc(s.items, func(i pool.Item) bool { return i.Value.Shared > 0 }); got != shares {
			t.Errorf("shared %v: got items that share: %v", shares, got)
		}
	}
}
