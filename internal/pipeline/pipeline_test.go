package pipeline

import (
	"context"
	"fmt"
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/batch"
	"github.com/crossrank/crossrank/internal/network"
	"github.com/crossrank/crossrank/internal/pool"
	"github.com/crossrank/crossrank/internal/scorertest"
)

func TestIsAScorer(t *testing.T) {
	for name, opts := range map[string]Options{
		"defaults": {}, "by turns": {Routing: pool.RoundRobin}, "small batches": {Options: batch.Options{MaxTokens: 32, MaxPairs: 3}},
		"requests apart": {Options: batch.Options{Enabled: new(false)}}, "waiting": {Options: batch.Options{Timeout: time.Millisecond}},
		"coalescing": {Coalesce: true}, "remembering": {CacheBytes: 1 << 20}, "both, a little": {CacheBytes: 1000, Coalesce: true},
	} {
		t.Run(name, func(t *testing.T) {
			scorertest.Run(t, func(t *testing.T) crossrank.Scorer {
				return open(t, new(words), &machine{takes: 50 * time.Microsecond}, opts)
			})
		})
	}
}

// answer is what a request gets.
type answer struct {
	resp *crossrank.Response
	err  error
}

// later sends a request and waits until it is in the queue or the engine.
func later(p *Pipeline, ctx context.Context, req *crossrank.Request) <-chan answer {
	c := make(chan answer, 1)
	go func() {
		resp, err := p.Score(ctx, req)
		c <- answer{resp, err}
	}()
	synctest.Wait()
	return c
}

func TestUsageAndTiming(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &machine{takes: time.Second, logit: length}
		p := open(t, new(words), m, Options{Options: batch.Options{MaxTokens: 40}})
		defer p.Close()
		first := later(p, t.Context(), requestOf(5))
		time.Sleep(200 * time.Millisecond)
		second := later(p, t.Context(), requestOf(10, 20, 30, 6))
		third := later(p, t.Context(), requestOf(4))

		for _, c := range []struct {
			name   string
			answer answer
			scores []float32
			usage  crossrank.Usage
			timing crossrank.Timing
		}{
			{"one that starts at once", <-first, []float32{5}, crossrank.Usage{Tokens: 5, PaddedTokens: 5},
				crossrank.Timing{Compute: time.Second, Total: time.Second}},
			{"one in two batches, of which the second holds pairs of others", <-second, []float32{10, 20, 30, 6},
				crossrank.Usage{Tokens: 66, PaddedTokens: 30 + 20 + 20 + 20},
				crossrank.Timing{Queue: 800 * time.Millisecond, Compute: 2 * time.Second, Total: 2800 * time.Millisecond}},
			{"one that shares the last batch", <-third, []float32{4}, crossrank.Usage{Tokens: 4, PaddedTokens: 20},
				crossrank.Timing{Queue: 1800 * time.Millisecond, Compute: time.Second, Total: 2800 * time.Millisecond}},
		} {
			if c.answer.err != nil {
				t.Errorf("%s: %v", c.name, c.answer.err)
				continue
			}
			got := c.answer.resp
			if fmt.Sprint(got.Scores) != fmt.Sprint(c.scores) || got.ScoreType != crossrank.Logit || got.Model != "fake" {
				t.Errorf("%s: got %v of type %q from %q, want %v", c.name, got.Scores, got.ScoreType, got.Model, c.scores)
			}
			if got.Usage != c.usage {
				t.Errorf("%s: got usage %+v, want %+v", c.name, got.Usage, c.usage)
			}
			if got.Timing != c.timing {
				t.Errorf("%s: got timing %+v, want %+v", c.name, got.Timing, c.timing)
			}
		}
		if got, want := fmt.Sprint(m.batches), "[[5] [30] [20 10 6 4]]"; got != want {
			t.Errorf("lengths in the batches: got %v, want %v: the longest first", got, want)
		}
	})
}

func TestKeepOrder(t *testing.T) {
	m := new(machine)
	p := open(t, new(words), m, Options{Options: batch.Options{LengthAware: new(false)}})
	if _, err := p.Score(t.Context(), requestOf(5, 9, 7)); err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprint(m.batches), "[[5 9 7]]"; got != want {
		t.Errorf("lengths in the batch: got %v, want %v as they came", got, want)
	}
}

func TestActivation(t *testing.T) {
	logits := map[int]float32{5: -100, 6: -1.5, 7: 0, 8: 2, 9: 100}
	m := &machine{logit: func(s network.Sequence) float32 { return logits[len(s.IDs)] }}
	for _, c := range []struct {
		name  string
		model crossrank.ScoreType
		raw   bool
		want  crossrank.ScoreType
	}{
		{"a model with a sigmoid", crossrank.Probability, false, crossrank.Probability},
		{"a model with a sigmoid, raw", crossrank.Probability, true, crossrank.Logit},
		{"a model without", crossrank.Logit, false, crossrank.Logit},
		{"a model without, raw", crossrank.Logit, true, crossrank.Logit},
	} {
		m.t = t
		p, err := New(Model{Name: "m", Tokenizer: new(words), MaxLength: 512, ScoreType: c.model}, []pool.Engine{m}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		req := requestOf(5, 6, 7, 8, 9)
		req.Raw = c.raw
		resp, err := p.Score(t.Context(), req)
		p.Close()
		if err != nil || resp.ScoreType != c.want {
			t.Fatalf("%s: got %+v and error %v, want scores of type %q", c.name, resp, err, c.want)
		}
		for i, got := range resp.Scores {
			want := float64(logits[5+i])
			if c.want == crossrank.Probability {
				want = 1 / (1 + math.Exp(-want))
			}
			if got != float32(want) {
				t.Errorf("%s: score %d: got %v, want %v", c.name, i, got, want)
			}
		}
	}
}

func TestTruncation(t *testing.T) {
	var seen []network.Sequence
	m := &machine{logit: func(s network.Sequence) float32 { seen = append(seen, s); return 0 }}
	p := open(t, new(words), m, Options{})
	pairs := []crossrank.Pair{{Query: "q", Passage: "a b c d"}, {Query: "q", Passage: "e"}}
	for _, c := range []struct {
		name       string
		truncation crossrank.Truncation
		want       string // what remains of the passage
	}{
		{"right", crossrank.TruncateRight, "a b"},
		{"left", crossrank.TruncateLeft, "c d"},
	} {
		seen = nil
		resp, err := p.Score(t.Context(), &crossrank.Request{Pairs: pairs, MaxLength: 6, Truncation: c.truncation})
		if err != nil {
			t.Fatal(err)
		}
		if u := resp.Usage; u.Tokens != 6+5 || u.TruncatedTokens != 2 {
			t.Errorf("%s: got %+v, want 11 tokens, and 2 truncated", c.name, u)
		}
		var want []int32
		for w := range strings.FieldsSeq(c.want) {
			want = append(want, wordID(w))
		}
		if got := seen[0].IDs[3:5]; fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: got passage %v, want %q as %v", c.name, got, c.want, want)
		}
	}

	if _, err := p.Score(t.Context(), &crossrank.Request{Pairs: pairs, MaxLength: 8, Truncation: crossrank.TruncateNever}); err != nil {
		t.Errorf("never, and all pairs fit: got error %v, want none", err)
	}
	_, err := p.Score(t.Context(), &crossrank.Request{
		Pairs: []crossrank.Pair{pairs[1], pairs[0]}, MaxLength: 6, Truncation: crossrank.TruncateNever})
	want := "pair 1 has 8 tokens, more than the limit of 6; shorten it, or allow truncation"
	if crossrank.CodeOf(err) != crossrank.InvalidArgument || err.Error() != want {
		t.Errorf("never, and pair 1 does not fit: got error %v, want %q", err, want)
	}
}

func TestRefusesBadRequests(t *testing.T) {
	p := open(t, new(words), new(machine), Options{})
	pairs := []crossrank.Pair{{}}
	for _, c := range []struct {
		name string
		req  *crossrank.Request
		want string // part of the message
	}{
		{"no request", nil, "no pairs"},
		{"no pairs", &crossrank.Request{}, "no pairs"},
		{"a negative length", &crossrank.Request{Pairs: pairs, MaxLength: -1}, "max_length is -1; use 0 for the model's maximum"},
		{"no room for the special tokens", &crossrank.Request{Pairs: pairs, MaxLength: 2}, "max_length is 2; use 0 for the model's own maximum of 512, or at least 3"},
		{"an instruction, of a model without a place for one", &crossrank.Request{Pairs: pairs, Instruction: "i"},
			`model "fake" takes no instruction`},
		{"an unknown truncation", &crossrank.Request{Pairs: pairs, Truncation: 3}, "truncation is 3"},
	} {
		_, err := p.Score(t.Context(), c.req)
		if crossrank.CodeOf(err) != crossrank.InvalidArgument || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got error %v, want an invalid argument with %q", c.name, err, c.want)
		}
	}
	_, err := p.Score(t.Context(), &crossrank.Request{Pairs: pairs, Model: "other"})
	if crossrank.CodeOf(err) != crossrank.NotFound || !strings.Contains(err.Error(), `no model "other" here, only "fake"`) {
		t.Errorf("a model that is not there: got error %v", err)
	}
	if _, err := p.Score(t.Context(), &crossrank.Request{Pairs: pairs, Model: "fake"}); err != nil {
		t.Errorf("the model by its name: %v", err)
	}
	resp, err := p.Score(t.Context(), &crossrank.Request{Pairs: []crossrank.Pair{ofTokens(600)}, MaxLength: 10_000})
	if err != nil || resp.Usage.Tokens != 512 || resp.Usage.TruncatedTokens != 88 {
		t.Errorf("more than the model can read: got %+v and error %v, want the model's own maximum of 512", resp, err)
	}
}

func TestRefusesBadModels(t *testing.T) {
	good := Model{Name: "m", Tokenizer: new(words), MaxLength: 512, ScoreType: crossrank.Logit}
	for name, spoil := range map[string]func(*Model){
		"no tokenizer":  func(m *Model) { m.Tokenizer = nil },
		"no length":     func(m *Model) { m.MaxLength = 2 },
		"no score type": func(m *Model) { m.ScoreType = "" },
	} {
		m := good
		spoil(&m)
		if _, err := New(m, []pool.Engine{new(machine)}, Options{}); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
	if _, err := New(good, nil, Options{}); err == nil {
		t.Error("no engine: got no error")
	}
	if _, err := New(good, []pool.Engine{new(machine)}, Options{Routing: "fastest"}); err == nil {
		t.Error("an unknown routing: got no error")
	}
}

func TestSharedQueryIsTokenizedOnce(t *testing.T) {
	tok := new(words)
	p := open(t, tok, new(machine), Options{})
	_, err := p.Score(t.Context(), &crossrank.Request{Pairs: []crossrank.Pair{
		{Query: "one", Passage: "a"}, {Query: "one", Passage: "b"}, {Query: "one", Passage: "b"}, {Query: "two", Passage: "c"}, {Query: "one", Passage: "d"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]int{"one": 2, "two": 1, "a": 1, "b": 2, "c": 1, "d": 1}
	if fmt.Sprint(tok.texts) != fmt.Sprint(want) {
		t.Errorf("texts tokenized: got %v, want %v", tok.texts, want)
	}
}

func TestTokenizerWorkers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tok := &words{block: make(chan struct{})}
		p := open(t, tok, new(machine), Options{TokenizerWorkers: 2})
		defer p.Close()
		var answers []<-chan answer
		for range 3 {
			answers = append(answers, later(p, t.Context(), requestOf(5)))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := p.Score(ctx, requestOf(5)); crossrank.CodeOf(err) != crossrank.DeadlineExceeded {
			t.Errorf("while all places are taken: got error %v, want a passed deadline", err)
		}
		tok.block <- struct{}{} // the queries of the first two
		tok.block <- struct{}{}
		synctest.Wait()
		if got := tok.texts["q"]; got != 2 {
			t.Errorf("with two workers, %d requests are being tokenized; want 2", got)
		}
		close(tok.block)
		for i, a := range answers {
			if a := <-a; a.err != nil {
				t.Errorf("request %d: %v", i, a.err)
			}
		}
	})
}

func TestAllocations(t *testing.T) {
	p, err := New(Model{Name: "fake", Tokenizer: quiet{}, MaxLength: 512, ScoreType: crossrank.Probability},
		[]pool.Engine{still{}}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	req := requestOf(make20()...)
	allocs := testing.AllocsPerRun(200, func() {
		if _, err := p.Score(context.Background(), req); err != nil {
			t.Fatal(err)
		}
	})
	// The response, its scores, and the account of the batch.
	if allocs > 3.5 && !raceEnabled {
		t.Errorf("got %v allocations a request, want 3", allocs)
	}
}

func make20() []int {
	lengths := make([]int, 20)
	for i := range lengths {
		lengths[i] = 4 + i
	}
	return lengths
}
