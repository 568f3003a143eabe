package pipeline

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/network"
	"github.com/crossrank/crossrank/internal/pool"
)

// drafted is a machine whose drafts have errors of up to 0.3, by the ids alone.
func drafted() *machine {
	return &machine{logit: func(s network.Sequence) float32 {
		full := hash(s)
		if !s.Draft {
			return full
		}
		s.TypeBoundary += 7 // for another hash
		return full + hash(s)*0.3/8
	}}
}

// samples are pairs by which a pipeline of drafted measures errors.
func samples() (pairs []crossrank.Pair) {
	for i := range 64 {
		pairs = append(pairs, crossrank.Pair{Query: "sample", Passage: fmt.Sprint("number ", i)})
	}
	return pairs
}

// documents are a request to rank n documents.
func documents(query string, n, topN int) *crossrank.Request {
	req := &crossrank.Request{TopN: topN, Raw: true}
	for i := range n {
		req.Pairs = append(req.Pairs, crossrank.Pair{Query: query, Passage: fmt.Sprint("document ", i)})
	}
	return req
}

func score(t *testing.T, p *Pipeline, req *crossrank.Request) *crossrank.Response {
	t.Helper()
	resp, err := p.Score(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	return resp
}

// inFull is a request for all scores of the same pairs.
func inFull(req *crossrank.Request) *crossrank.Request {
	all := *req
	all.TopN = 0
	return &all
}

// TestCascade holds rankings by drafts against those of computing all pairs in full.
func TestCascade(t *testing.T) {
	for _, opts := range []Options{{}, {CacheBytes: 1 << 20, Coalesce: true}, {Routing: pool.RoundRobin}, {Mode: InferenceOnly}} {
		opts.Samples = samples()
		p := open(t, &words{}, drafted(), opts)
		const requests, most, first = 40, 100, 10
		rescored := 0
		for i := range requests {
			req := documents(fmt.Sprint("query ", i), most, first)
			got := score(t, p, req)
			want := score(t, p, inFull(req))
			if !slices.Equal(crossrank.Order(got.Scores, first), crossrank.Order(want.Scores, first)) {
				t.Errorf("%+v: got %v, want %v", opts, crossrank.Order(got.Scores, first), crossrank.Order(want.Scores, first))
			}
			full := 0
			for k, s := range got.Scores {
				if s == crossrank.Omitted {
					continue
				}
				if full++; s != want.Scores[k] {
					t.Errorf("pair %d has the score %v, want %v in full or none", k, s, want.Scores[k])
				}
			}
			if tokens := want.Usage.Tokens + want.Usage.CachedTokens; got.Usage.Tokens != tokens+tokens*full/most {
				t.Errorf("%d tokens for %d pairs of which %d are scored, want %d", got.Usage.Tokens, most, full, tokens+tokens*full/most)
			}
			rescored += full
		}
		s := p.Cascade()
		if s.Requests != requests || s.Pairs != requests*most || s.Rescored != int64(rescored) || s.Stages < 2*requests || s.Bound <= 0.3 || s.Bound > 1 {
			t.Errorf("got %+v with %d scores", s, rescored)
		}
		if rescored > requests*most/3 {
			t.Errorf("%d of %d pairs were computed in full, which saves nothing", rescored, requests*most)
		}
	}
}

// TestCascadeIsForFewOfMany: requests whose ranking would cost as much by drafts are computed in
// full, and so is everything without drafts.
func TestCascadeIsForFewOfMany(t *testing.T) {
	for _, c := range []struct {
		name  string
		opts  Options
		topN  int
		ranks bool
	}{
		{"the first half", Options{Samples: samples()}, 5, true},
		{"more than half", Options{Samples: samples()}, 6, false},
		{"all", Options{Samples: samples()}, 0, false},
		{"more than there are", Options{Samples: samples()}, 50, false},
		{"no samples", Options{}, 1, false},
		{"tokenization alone", Options{Samples: samples(), Mode: TokenizationOnly}, 1, false},
	} {
		p := open(t, &words{}, drafted(), c.opts)
		req := documents("query", 10, c.topN)
		got := score(t, p, req)
		if ranked := p.Cascade().Requests > 0; ranked != c.ranks || !ranked && slices.Contains(got.Scores, crossrank.Omitted) {
			t.Errorf("%s: ranked in two stages: %v, want %v; scores %v", c.name, ranked, c.ranks, got.Scores)
		}
	}
	if _, err := open(t, &words{}, drafted(), Options{}).Score(t.Context(), documents("q", 2, -1)); crossrank.CodeOf(err) != crossrank.InvalidArgument {
		t.Errorf("a negative number: got %v", err)
	}
}

// TestCascadeOfWindows: a pair of several windows is drafted and computed in full as a whole, and
// probabilities rank as logits do.
func TestCascadeOfWindows(t *testing.T) {
	p := open(t, &words{}, drafted(), Options{Samples: samples()})
	req := documents("query", 60, 5)
	for i := range req.Pairs {
		req.Pairs[i].Passage += strings.Repeat(fmt.Sprint(" word", i%7), i)
	}
	req.MaxLength, req.Raw = 24, false
	for _, how := range []crossrank.Aggregate{crossrank.BestWindow, crossrank.MeanWindow} {
		req.Windows = crossrank.Windows{Aggregate: how, Overlap: 3}
		got, want := score(t, p, req), score(t, p, inFull(req))
		if !slices.Equal(crossrank.Order(got.Scores, 5), crossrank.Order(want.Scores, 5)) || !slices.Equal(got.Truncated, want.Truncated) {
			t.Errorf("%d: got %v, want %v", how, crossrank.Order(got.Scores, 5), crossrank.Order(want.Scores, 5))
		}
	}
	if s := p.Cascade(); s.Requests != 2 || s.Rescored == s.Pairs {
		t.Errorf("got %+v, want two requests of which not all is computed in full", s)
	}
}

// TestCascadeBesideOthers: a request has the same pairs in full, and the same bits, whatever is
// computed beside it.
func TestCascadeBesideOthers(t *testing.T) {
	p := open(t, &words{}, drafted(), Options{Samples: samples()})
	var want [16][]float32
	for i := range want {
		want[i] = score(t, p, documents(fmt.Sprint("query ", i), 50, 3)).Scores
	}
	var callers sync.WaitGroup
	for i := range want {
		callers.Go(func() {
			got, err := p.Score(t.Context(), documents(fmt.Sprint("query ", i), 50, 3))
			if err != nil || !slices.Equal(got.Scores, want[i]) {
				t.Errorf("request %d: got %v and %v, want %v", i, got, err, want[i])
			}
		})
	}
	callers.Wait()
}

// TestCascadeReusesScores: drafts and full scores of a pair are two scores in the cache.
func TestCascadeReusesScores(t *testing.T) {
	p := open(t, &words{}, drafted(), Options{Samples: samples(), CacheBytes: 1 << 20})
	req := documents("query", 30, 3)
	first := score(t, p, req)
	if again := score(t, p, req); again.Usage.Tokens != 0 || !slices.Equal(again.Scores, first.Scores) {
		t.Errorf("the second time: got %+v, want the scores of the first time without computing", again)
	}
	all := score(t, p, inFull(req))
	for i, s := range all.Scores {
		if first.Scores[i] != crossrank.Omitted && s != first.Scores[i] {
			t.Errorf("pair %d: got %v in full, want %v", i, s, first.Scores[i])
		}
	}
	if all.Usage.Tokens == 0 || all.Usage.CachedTokens == 0 {
		t.Errorf("got %+v, want the pairs computed that were only drafted", all.Usage)
	}
}

// TestCascadeFaults: a pair that cannot be computed fails its request by its number, in either
// stage, and a draft that is no number costs nothing but the pair's full score.
func TestCascadeFaults(t *testing.T) {
	const bad = 17
	req := documents("query", 30, 3)
	for _, c := range []struct {
		name        string
		draft, full func() float32
		want        string // in the error; "" for none
	}{
		{"a draft panics", func() float32 { panic("broken") }, nil, "pair 17 could not be computed"},
		{"in full it panics", func() float32 { return 100 }, func() float32 { panic("broken") }, "pair 17 could not be computed"},
		{"in full it is no number", func() float32 { return 100 }, func() float32 { return float32(math.NaN()) }, "pair 17 is not a finite number"},
		{"a draft is no number", func() float32 { return float32(math.Inf(-1)) }, func() float32 { return 50 }, ""},
	} {
		m := drafted()
		logit := m.logit
		badIDs := append([]int32{wordID("document")}, wordID(fmt.Sprint(bad)))
		m.logit = func(s network.Sequence) float32 {
			switch its := slices.Equal(s.IDs[len(s.IDs)-3:len(s.IDs)-1], badIDs); {
			case its && s.Draft:
				return c.draft()
			case its:
				return c.full()
			}
			return logit(s)
		}
		p := open(t, &words{}, m, Options{Samples: samples()})
		resp, err := p.Score(t.Context(), req)
		switch {
		case c.want == "" && (err != nil || crossrank.Order(resp.Scores, 1)[0].Index != bad):
			t.Errorf("%s: got %+v and %v, want pair %d first", c.name, resp, err, bad)
		case c.want != "" && (crossrank.CodeOf(err) != crossrank.Internal || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: got %v, want %q", c.name, err, c.want)
		}
	}
}

// TestCascadeIsDrained: a request whose drafts are being computed is answered, though the pipeline
// is drained before its second stage. New requests are refused meanwhile.
func TestCascadeIsDrained(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := drafted()
		m.takes = time.Second
		p := open(t, &words{}, m, Options{})
		p.cascade = &cascade{errors: errorBound{most: 0.4}} // as if it had been measured
		answered := make(chan error, 1)
		go func() {
			_, err := p.Score(context.Background(), documents("query", 100, 5))
			answered <- err
		}()
		time.Sleep(500 * time.Millisecond)
		drained := make(chan error, 1)
		go func() { drained <- p.Drain(context.Background()) }()
		synctest.Wait()
		for _, topN := range []int{0, 5} {
			if _, err := p.Score(context.Background(), documents("query", 100, topN)); crossrank.CodeOf(err) != crossrank.Unavailable {
				t.Errorf("a new request for %d: got %v, want Unavailable", topN, err)
			}
		}
		if err := errors.Join(<-answered, <-drained); err != nil {
			t.Error(err)
		}
	})
}

// TestCascadeEndsWithItsPipeline: closing and draining do not wait for ever.
func TestCascadeEndsWithItsPipeline(t *testing.T) {
	for name, end := range map[string]func(*Pipeline){
		"close": (*Pipeline).Close,
		"drain with no time": func(p *Pipeline) {
			ctx, cancel := context.WithCancel(context.Background())
			cancel()
			if err := p.Drain(ctx); !errors.Is(err, context.Canceled) {
				t.Errorf("drained with %v, want the context's end", err)
			}
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			m := drafted()
			m.takes = time.Second
			p := open(t, &words{}, m, Options{})
			p.cascade = &cascade{errors: errorBound{most: 0.4}}
			failed := make(chan error, 1)
			go func() {
				_, err := p.Score(context.Background(), documents("query", 100, 5))
				failed <- err
			}()
			time.Sleep(500 * time.Millisecond) // within the first stage
			end(p)
			if err := <-failed; crossrank.CodeOf(err) != crossrank.Unavailable {
				t.Errorf("%s: got %v, want Unavailable", name, err)
			}
		})
	}
}

// TestDamagedDrafts: a model whose samples have no finite scores is not opened.
func TestDamagedDrafts(t *testing.T) {
	m := &machine{t: t, logit: func(s network.Sequence) float32 { return float32(math.NaN()) }}
	_, err := New(Model{Name: "fake", Tokenizer: &words{}, MaxLength: 512, ScoreType: crossrank.Logit}, []pool.Engine{m}, Options{Samples: samples()})
	if err == nil || !strings.Contains(err.Error(), "not finite") {
		t.Errorf("got %v, want the scores that are not finite", err)
	}
}
