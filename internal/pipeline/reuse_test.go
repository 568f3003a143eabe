package pipeline

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/batch"
	"github.com/crossrank/crossrank/internal/network"
	"github.com/crossrank/crossrank/internal/pool"
	"github.com/crossrank/crossrank/internal/state"
)

// TestRemembers sends requests one after the other, and returns the lengths that the engine
// computed for them.
func TestRemembers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &machine{takes: time.Second}
		p := open(t, new(words), m, Options{CacheBytes: 1 << 20, Coalesce: true})
		defer p.Close()
		plain := open(t, new(words), new(machine), Options{})
		defer plain.Close()
		activated := requestOf(5, 9)
		activated.Raw = false
		cut := &crossrank.Request{Raw: true, Pairs: []crossrank.Pair{ofTokens(50)}, MaxLength: 9}
		windows := &crossrank.Request{Raw: true, Pairs: []crossrank.Pair{ofTokens(14)}, MaxLength: 9, Windows: crossrank.Windows{
			Aggregate: crossrank.BestWindow}}
		for _, c := range []struct {
			name    string
			req     *crossrank.Request
			batches string
			usage   crossrank.Usage
			takes   time.Duration
		}{
			{"new pairs", requestOf(5, 9), "[[9 5]]", crossrank.Usage{Tokens: 14, PaddedTokens: 18}, time.Second},
			{"the same pairs", requestOf(9, 5), "[]", crossrank.Usage{CachedTokens: 14}, 0},
			{"the same pairs, activated", activated, "[]", crossrank.Usage{CachedTokens: 14}, 0},
			{"one that is new between them", requestOf(5, 6, 9), "[[6]]", crossrank.Usage{Tokens: 6, PaddedTokens: 6, CachedTokens: 14}, time.Second},
			{"one twice", requestOf(7, 7, 7), "[[7]]", crossrank.Usage{Tokens: 7, PaddedTokens: 7, CachedTokens: 14}, time.Second},
			{"one that is the same once it is cut", cut, "[]", crossrank.Usage{CachedTokens: 9, TruncatedTokens: 41}, 0},
			{"windows, the first two of which are that one too", windows, "[[8]]", crossrank.Usage{Tokens: 8, PaddedTokens: 8, CachedTokens: 18}, time.Second},
		} {
			m.batches = nil
			got, err := p.Score(t.Context(), c.req)
			if err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
			want, err := plain.Score(t.Context(), c.req)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(got.Scores, want.Scores) || got.ScoreType != want.ScoreType {
				t.Errorf("%s: got %v of type %q, want %v of type %q", c.name, got.Scores, got.ScoreType, want.Scores, want.ScoreType)
			}
			if fmt.Sprint(m.batches) != c.batches {
				t.Errorf("%s: %v was computed, want %s", c.name, m.batches, c.batches)
			}
			if got.Usage != c.usage {
				t.Errorf("%s: got usage %+v, want %+v", c.name, got.Usage, c.usage)
			}
			if want := (crossrank.Timing{Compute: c.takes, Total: c.takes}); got.Timing != want {
				t.Errorf("%s: got timing %+v, want %+v", c.name, got.Timing, want)
			}
		}
	})
}

// TestCoalesces has requests ask for what others have in flight.
func TestCoalesces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &machine{takes: time.Second, logit: length}
		p := open(t, new(words), m, Options{Options: batch.Options{MaxPairs: 2, MaxQueuedTokens: 100}, Coalesce: true})
		defer p.Close()
		first := later(p, t.Context(), requestOf(40, 30, 20, 10))
		time.Sleep(500 * time.Millisecond)
		part := later(p, t.Context(), requestOf(30))             // runs
		mixed := later(p, t.Context(), requestOf(20, 25))        // the first waits, the second is new
		full := later(p, t.Context(), requestOf(40, 30, 20, 25)) // more than may wait, but all of it is in flight
		hasty, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		late := later(p, hasty, requestOf(10))

		for _, c := range []struct {
			name   string
			answer answer
			scores []float32
			usage  crossrank.Usage
			timing crossrank.Timing
		}{
			{"one that the first batch of another answers", <-part, []float32{30}, crossrank.Usage{CachedTokens: 30},
				crossrank.Timing{Compute: 500 * time.Millisecond, Total: 500 * time.Millisecond}},
			{"the one that they wait for", <-first, []float32{40, 30, 20, 10}, crossrank.Usage{Tokens: 100, PaddedTokens: 120},
				crossrank.Timing{Compute: 2 * time.Second, Total: 2 * time.Second}},
			{"one that is in part new", <-mixed, []float32{20, 25}, crossrank.Usage{Tokens: 25, PaddedTokens: 25, CachedTokens: 20},
				crossrank.Timing{Queue: 500 * time.Millisecond, Compute: 2 * time.Second, Total: 2500 * time.Millisecond}},
			{"one of others' pairs alone", <-full, []float32{40, 30, 20, 25}, crossrank.Usage{CachedTokens: 115},
				crossrank.Timing{Compute: 2500 * time.Millisecond, Total: 2500 * time.Millisecond}},
		} {
			if c.answer.err != nil {
				t.Errorf("%s: %v", c.name, c.answer.err)
				continue
			}
			got := c.answer.resp
			if !slices.Equal(got.Scores, c.scores) || got.Usage != c.usage || got.Timing != c.timing {
				t.Errorf("%s: got %v, %+v and %+v,\nwant %v, %+v and %+v", c.name, got.Scores, got.Usage, got.Timing, c.scores, c.usage, c.timing)
			}
		}
		if a := <-late; crossrank.CodeOf(a.err) != crossrank.DeadlineExceeded {
			t.Errorf("one whose time is too short for another's pair: got %+v and %v", a.resp, a.err)
		}
		if got, want := fmt.Sprint(m.batches), "[[40 30] [20 10] [25]]"; got != want {
			t.Errorf("%v was computed, want %v", got, want)
		}
		want := state.Cache{Misses: 5, Coalesced: 7}
		if got := p.Cache(); got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
	})
}

// TestLeadersThatFail has requests wait for one that is not to get its scores.
func TestLeadersThatFail(t *testing.T) {
	for _, c := range []struct {
		name  string
		leave bool
		wrong func(attempt int) float32
		want  crossrank.Code // of those who wait
		takes time.Duration
	}{
		{"its caller leaves", true, nil, crossrank.OK, 2 * time.Second},
		{"a panic, once", false, func(attempt int) float32 {
			if attempt < 2 {
				panic("once")
			}
			return 1
		}, crossrank.OK, 4 * time.Second}, // its batch and both of its pairs are run again
		{"not a number, once", false, func(attempt int) float32 {
			if attempt < 1 {
				return float32(math.NaN())
			}
			return 1
		}, crossrank.OK, 2 * time.Second},
		{"not a number, ever", false, func(int) float32 { return float32(math.NaN()) }, crossrank.Internal, 5 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				attempts := 0
				m := &machine{takes: time.Second, logit: func(s network.Sequence) float32 {
					if len(s.IDs) == 10 && c.wrong != nil {
						attempts++
						return c.wrong(attempts - 1)
					}
					return 1
				}}
				p := open(t, new(words), m, Options{CacheBytes: 1 << 20, Coalesce: true})
				defer p.Close()
				started := time.Now()
				busy := later(p, t.Context(), requestOf(5))
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				leader := later(p, ctx, requestOf(10, 20))
				var followers []<-chan answer
				for range 6 {
					followers = append(followers, later(p, t.Context(), requestOf(10, 10)))
				}
				if c.leave {
					cancel()
				}
				if a := <-leader; a.err == nil {
					t.Errorf("the first of them: got %+v", a.resp)
				}
				for i, f := range followers {
					a := <-f
					if crossrank.CodeOf(a.err) != c.want || a.err == nil && !slices.Equal(a.resp.Scores, []float32{1, 1}) {
						t.Errorf("request %d: got %+v and error %v, want %s", i, a.resp, a.err, c.want)
					}
				}
				<-busy
				if took := time.Since(started); took > c.takes+time.Second {
					t.Errorf("it took %v, want about %v", took, c.takes)
				}
			})
		})
	}
}

// TestClosedWhileFollowing closes the pipeline while a request waits for another's pair. What is
// remembered is not reported after that either.
func TestClosedWhileFollowing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := open(t, new(words), &machine{takes: time.Second}, Options{CacheBytes: 1 << 20, Coalesce: true})
		busy := later(p, t.Context(), requestOf(5))
		leader, follower := later(p, t.Context(), requestOf(10)), later(p, t.Context(), requestOf(10))
		p.Close()
		<-busy
		for _, c := range []<-chan answer{leader, follower, later(p, t.Context(), requestOf(5))} {
			if a := <-c; crossrank.CodeOf(a.err) != crossrank.Unavailable {
				t.Errorf("got %+v and %v, want it unavailable", a.resp, a.err)
			}
		}
	})
}

// TestSharingNeverChangesAScore has callers send random requests of few pairs, of whom some leave,
// and wants the bits that an engine alone gives.
func TestSharingNeverChangesAScore(t *testing.T) {
	for name, opts := range map[string]Options{
		"coalescing":              {Coalesce: true, Options: batch.Options{MaxPairs: 3}},
		"remembering a few":       {CacheBytes: 1500, Options: batch.Options{MaxPairs: 3}},
		"both, on two engines":    {CacheBytes: 1500, Coalesce: true, Options: batch.Options{MaxPairs: 2}, Routing: pool.RoundRobin},
		"both, padded":            {CacheBytes: 1 << 20, Coalesce: true, Packing: new(false)},
		"both, with little queue": {CacheBytes: 1000, Coalesce: true, Options: batch.Options{MaxQueuedTokens: 60}},
	} {
		t.Run(name, func(t *testing.T) {
			p := open(t, new(words), &machine{takes: 20 * time.Microsecond}, opts)
			want := map[int]float32{}
			plain := open(t, new(words), new(machine), Options{})
			for n := 4; n < 24; n++ {
				resp, err := plain.Score(t.Context(), requestOf(n))
				if err != nil {
					t.Fatal(err)
				}
				want[n] = resp.Scores[0]
			}
			var callers sync.WaitGroup
			for c := range 8 {
				callers.Go(func() {
					rng := rand.New(rand.NewPCG(7, uint64(c)))
					for range 150 {
						lengths := make([]int, 1+rng.IntN(6))
						for i := range lengths {
							lengths[i] = 4 + rng.IntN(20)
						}
						checkShared(t, p, rng, lengths, want)
					}
				})
			}
			callers.Wait()
			if s := p.Cache(); s.Bytes > opts.CacheBytes || s.Hits+s.Coalesced == 0 {
				t.Errorf("got %+v, want some shared and at most %d bytes", s, opts.CacheBytes)
			}
		})
	}
}

func checkShared(t *testing.T, p *Pipeline, rng *rand.Rand, lengths []int, want map[int]float32) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if rng.IntN(3) == 0 {
		time.AfterFunc(time.Duration(rng.IntN(200))*time.Microsecond, cancel)
	}
	resp, err := p.Score(ctx, requestOf(lengths...))
	if err != nil {
		if code := crossrank.CodeOf(err); code != crossrank.Overloaded && (code != crossrank.Canceled || ctx.Err() == nil) {
			t.Error(err)
		}
		return
	}
	tokens := 0
	for i, n := range lengths {
		tokens += n
		if math.Float32bits(resp.Scores[i]) != math.Float32bits(want[n]) {
			t.Errorf("the pair of %d tokens: got %v, want %v", n, resp.Scores[i], want[n])
		}
	}
	u, d := resp.Usage, resp.Timing
	if u.Tokens+u.CachedTokens != tokens || u.PaddedTokens < u.Tokens || d.Queue < 0 || d.Compute < 0 ||
		d.Tokenize+d.Queue+d.Compute > d.Total {
		t.Errorf("got usage %+v and timing %+v of %d tokens", u, d, tokens)
	}
}

// BenchmarkSharing scores 20 pairs of 54 tokens with an engine that computes nothing: what is left
// is what the rest costs.
func BenchmarkSharing(b *testing.B) {
	for _, c := range []struct {
		name string
		opts Options
		same bool
	}{
		{"off", Options{}, false},
		{"coalesce", Options{Coalesce: true}, false},
		{"cache,pairs=new", Options{Coalesce: true, CacheBytes: 64 << 20}, false},
		{"cache,pairs=same", Options{Coalesce: true, CacheBytes: 64 << 20}, true},
	} {
		b.Run("sharing="+c.name, func(b *testing.B) {
			p, err := New(Model{Name: "fake", Tokenizer: quiet{}, MaxLength: 512, ScoreType: crossrank.Probability},
				[]pool.Engine{still{}}, c.opts)
			if err != nil {
				b.Fatal(err)
			}
			defer p.Close()
			req := &crossrank.Request{Pairs: make([]crossrank.Pair, 20)}
			b.ReportAllocs()
			for n := 0; b.Loop(); n++ {
				for i := range req.Pairs {
					if n == 0 || !c.same {
						req.Pairs[i] = crossrank.Pair{Query: "query", Passage: fmt.Sprintf("%046d", n*20+i)}
					}
				}
				if _, err := p.Score(b.Context(), req); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(20*b.N), "ns/pair")
		})
	}
}

// TestWhomNobodyWaitsFor has small requests ask for pairs of a larger and of a less urgent one.
func TestWhomNobodyWaitsFor(t *testing.T) {
	for _, c := range []struct {
		name         string
		leader, asks *crossrank.Request
		computed     int // pairs
	}{
		{"a request larger than a batch", requestOf(40, 30, 20, 10), requestOf(10), 5},
		{"a request that fits in one", requestOf(20, 10), requestOf(10), 2},
		{"a large request, by one as large", requestOf(40, 30, 20, 10), requestOf(40, 30, 10, 21), 5},
		{"a less urgent request", urgent(1, requestOf(20, 10)), requestOf(10), 3},
		{"a more urgent request", requestOf(20, 10), urgent(1, requestOf(10)), 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := &machine{takes: time.Second}
				p := open(t, new(words), m, Options{Options: batch.Options{MaxTokens: 50}, Coalesce: true})
				defer p.Close()
				busy := later(p, t.Context(), requestOf(5))
				for i, a := range []<-chan answer{later(p, t.Context(), c.leader), later(p, t.Context(), c.asks), busy} {
					if a := <-a; a.err != nil {
						t.Errorf("request %d: %v", i, a.err)
					}
				}
				if got := p.Batches().Pairs; got != int64(1+c.computed) {
					t.Errorf("%d pairs were computed, want %d", got-1, c.computed)
				}
			})
		})
	}
}

func urgent(priority int, req *crossrank.Request) *crossrank.Request {
	req.Priority = priority
	return req
}
