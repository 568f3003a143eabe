package scorertest

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/crossrank/crossrank"
)

// Limits are what a Scorer cannot be asked or does not report, because its API cannot express it.
// The zero value means no limits.
type Limits struct {
	OneQuery  bool // all pairs of a request have one query; others are refused
	NoRaw     bool // logits cannot be asked for; a request for them is refused
	NoOptions bool // neither MaxLength nor TruncateLeft can be asked for
	NoModel   bool // answers name a model only if the request did
	NoTokens  bool // answers do not count tokens
	NoPadding bool // answers do not count what padding would have been
	NoTiming  bool // answers say at most how long they took in all
}

// suite is a Scorer under test.
type suite struct {
	crossrank.Scorer
	Limits
}

// Run tests a Scorer against the contract of [crossrank.Scorer]. Open makes a new one for every
// subtest, of a model that distinguishes pairs, and closes it with t.Cleanup. The suite sends up to
// 600 pairs per request, which is more than a default batch, and up to 16 concurrent requests.
func Run(t *testing.T, open func(t *testing.T) crossrank.Scorer) { RunWithin(t, Limits{}, open) }

// RunWithin tests a Scorer as [Run] does, within its limits.
func RunWithin(t *testing.T, limits Limits, open func(t *testing.T) crossrank.Scorer) {
	for _, c := range []struct {
		name string
		test func(*testing.T, suite)
	}{
		{"one score a pair, in the order of the request", keepsOrder},
		{"the same pair always has the same score", isDeterministic},
		{"the highest scores are those of a request for all", ranksTheFirst},
		{"answers say what they are", describesAnswers},
		{"activated scores are those of the raw ones", activates},
		{"a request without pairs is refused", refusesEmpty},
		{"a request for a model by its name is answered, for another refused", knowsItsName},
		{"a caller who has left gets no scores", honoursCancel},
		{"a deadline that has passed gives no scores", honoursDeadline},
		{"a caller who leaves midway gets all scores or none", survivesLeavers},
		{"many callers at once get their own scores", keepsCallersApart},
		{"a big request is answered whole", takesBigRequests},
		{"the request is left unchanged", leavesRequestAlone},
		{"any text is scored", takesAnyText},
		{"bytes that are not UTF-8 do not count", dropsInvalidBytes},
		{"pairs of several queries are scored or refused", takesQueries},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, suite{open(t), limits}) })
	}
}

func keepsOrder(t *testing.T, s suite) {
	pairs := s.pairs(1, 12)
	want := oneByOne(t, s, pairs)
	for round := range 4 {
		order := rand.New(rand.NewPCG(2, uint64(round))).Perm(len(pairs))
		var shuffled []crossrank.Pair
		for _, i := range order {
			shuffled = append(shuffled, pairs[i])
		}
		got := score(t, s, &crossrank.Request{Pairs: shuffled})
		for place, i := range order {
			if got.Scores[place] != want[i] {
				t.Errorf("round %d: pair %d at place %d: got score %v, want %v as when scored alone",
					round, i, place, got.Scores[place], want[i])
			}
		}
	}
}

func isDeterministic(t *testing.T, s suite) {
	p := crossrank.Pair{Query: "how tall is a giraffe", Passage: "Giraffes are up to 5.7 m tall."}
	other, another := crossrank.Pair{Query: "x"}, crossrank.Pair{Passage: "y"}
	if s.OneQuery {
		other, another = crossrank.Pair{Query: p.Query}, crossrank.Pair{Query: p.Query, Passage: "y"}
	}
	resp := score(t, s, &crossrank.Request{Pairs: []crossrank.Pair{p, other, p, another, p}})
	if a, b, c := resp.Scores[0], resp.Scores[2], resp.Scores[4]; a != b || b != c {
		t.Errorf("one pair, three times in a request: got scores %v, %v, %v", a, b, c)
	}
	if resp.Scores[0] == resp.Scores[1] && resp.Scores[1] == resp.Scores[3] {
		t.Errorf("three different pairs all have the score %v", resp.Scores[0])
	}
}

// ranksTheFirst: the scores that a request with TopN leaves out are not among the highest, and are
// omitted where they are left out.
func ranksTheFirst(t *testing.T, s suite) {
	ofOne := s.pairs(4, 24)
	for i := range ofOne {
		ofOne[i].Query = ofOne[0].Query
	}
	s.ranks(t, s.pairs(2, 24))
	s.ranks(t, ofOne)
	req := &crossrank.Request{Pairs: ofOne, TopN: -1}
	if _, err := s.Score(t.Context(), req); crossrank.CodeOf(err) != crossrank.InvalidArgument {
		t.Errorf("the first -1: got %v, want %s", err, crossrank.InvalidArgument)
	}
}

// ranks asks for the highest scores of pairs and for all.
func (s suite) ranks(t *testing.T, pairs []crossrank.Pair) {
	want := score(t, s, &crossrank.Request{Pairs: pairs})
	for _, n := range []int{1, 5, 24, 100} {
		got := score(t, s, &crossrank.Request{Pairs: pairs, TopN: n})
		if first := crossrank.Order(want.Scores, n); !slices.Equal(crossrank.Order(got.Scores, n), first) {
			t.Errorf("the first %d: got %v, want %v", n, crossrank.Order(got.Scores, n), first)
		}
		for i, score := range got.Scores {
			if score != want.Scores[i] && score != crossrank.Omitted {
				t.Errorf("the first %d: pair %d has the score %v, want %v or none", n, i, score, want.Scores[i])
			}
		}
	}
}

func describesAnswers(t *testing.T, s suite) {
	const pairs = 5
	resp := score(t, s, &crossrank.Request{Pairs: s.pairs(3, pairs)})
	if resp.Model == "" && !s.NoModel {
		t.Error("the answer names no model")
	}
	if resp.Usage.Tokens < 3*pairs && !s.NoTokens {
		t.Errorf("got %d tokens for %d pairs; want at least 3 a pair, for the special ones", resp.Usage.Tokens, pairs)
	}
	if resp.Usage.PaddedTokens < resp.Usage.Tokens && !s.NoPadding {
		t.Errorf("got %d padded tokens, want at least as many as the %d computed", resp.Usage.PaddedTokens, resp.Usage.Tokens)
	}
	if resp.Usage.TruncatedTokens != 0 {
		t.Errorf("got %d truncated tokens for short pairs, want 0", resp.Usage.TruncatedTokens)
	}
	tm := resp.Timing
	if tm.Tokenize < 0 || tm.Queue < 0 || tm.Compute < 0 || tm.Compute == 0 && !s.NoTiming ||
		tm.Total < tm.Tokenize+tm.Queue+tm.Compute {
		t.Errorf("got timing %+v; want parts that are not negative, some computing, and a total that holds them all", tm)
	}
}

func activates(t *testing.T, s suite) {
	pairs := s.pairs(4, 8)
	if s.NoRaw {
		resp, err := s.Score(t.Context(), &crossrank.Request{Pairs: pairs, Raw: true})
		wantCode(t, "raw scores", resp, err, crossrank.InvalidArgument)
		return
	}
	raw := score(t, s, &crossrank.Request{Pairs: pairs, Raw: true})
	if raw.ScoreType != crossrank.Logit {
		t.Errorf("raw scores: got type %q, want %q", raw.ScoreType, crossrank.Logit)
	}
	act := score(t, s, &crossrank.Request{Pairs: pairs})
	for i := range pairs {
		want := raw.Scores[i]
		if act.ScoreType == crossrank.Probability {
			want = crossrank.Sigmoid(want)
		}
		if act.Scores[i] != want {
			t.Errorf("pair %d: got %v of type %q, want %v, from the logit %v", i, act.Scores[i], act.ScoreType, want, raw.Scores[i])
		}
	}
}

func knowsItsName(t *testing.T, s suite) {
	req := &crossrank.Request{Pairs: s.pairs(5, 2)}
	unnamed := score(t, s, req)
	req.Model = unnamed.Model
	if named := score(t, s, req); named.Model != unnamed.Model || named.Scores[0] != unnamed.Scores[0] {
		t.Errorf("asked for %q: got scores %v of %q, want %v as without a name", req.Model, named.Scores, named.Model, unnamed.Scores)
	}
	req.Model = "no such model"
	resp, err := s.Score(t.Context(), req)
	wantCode(t, "another model", resp, err, crossrank.NotFound)
}

func refusesEmpty(t *testing.T, s suite) {
	for name, req := range map[string]*crossrank.Request{
		"nil pairs": {}, "no pairs": {Pairs: []crossrank.Pair{}},
	} {
		resp, err := s.Score(t.Context(), req)
		wantCode(t, name, resp, err, crossrank.InvalidArgument)
	}
}

func honoursCancel(t *testing.T, s suite) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	resp, err := s.Score(ctx, &crossrank.Request{Pairs: s.pairs(5, 2)})
	wantCode(t, "canceled context", resp, err, crossrank.Canceled)
}

func honoursDeadline(t *testing.T, s suite) {
	ctx, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancel()
	resp, err := s.Score(ctx, &crossrank.Request{Pairs: s.pairs(6, 2)})
	wantCode(t, "deadline in the past", resp, err, crossrank.DeadlineExceeded)
}

// survivesLeavers cancels requests at all points of their life, then checks that the scorer still
// works.
func survivesLeavers(t *testing.T, s suite) {
	pairs := s.pairs(7, 3)
	want := oneByOne(t, s, pairs)
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			timer := time.AfterFunc(time.Duration(i)*100*time.Microsecond, cancel)
			defer timer.Stop()
			resp, err := s.Score(ctx, &crossrank.Request{Pairs: pairs})
			if err == nil {
				wantScores(t, fmt.Sprintf("caller %d", i), resp, want)
			} else {
				wantCode(t, fmt.Sprintf("caller %d", i), resp, err, crossrank.Canceled)
			}
		})
	}
	wg.Wait()
	wantScores(t, "a caller after them", score(t, s, &crossrank.Request{Pairs: pairs}), want)
}

func keepsCallersApart(t *testing.T, s suite) {
	pairs := s.pairs(8, 24)
	want := oneByOne(t, s, pairs)
	var wg sync.WaitGroup
	for caller := range 16 {
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(9, uint64(caller)))
			for range 4 {
				var req crossrank.Request
				var expect []float32
				for range 1 + rng.IntN(4) {
					i := rng.IntN(len(pairs))
					req.Pairs, expect = append(req.Pairs, pairs[i]), append(expect, want[i])
				}
				resp, err := s.Score(t.Context(), &req)
				if err != nil {
					t.Errorf("caller %d: %v", caller, err)
					return
				}
				wantScores(t, fmt.Sprintf("caller %d", caller), resp, expect)
			}
		})
	}
	wg.Wait()
}

func takesBigRequests(t *testing.T, s suite) {
	few := s.pairs(10, 8)
	want := oneByOne(t, s, few)
	var req crossrank.Request
	var expect []float32
	for i := range 600 {
		req.Pairs, expect = append(req.Pairs, few[i%len(few)]), append(expect, want[i%len(few)])
	}
	wantScores(t, "600 pairs", score(t, s, &req), expect)
}

func leavesRequestAlone(t *testing.T, s suite) {
	req := &crossrank.Request{Pairs: s.pairs(11, 6), Raw: !s.NoRaw}
	if !s.NoOptions {
		req.MaxLength, req.Truncation = 64, crossrank.TruncateLeft
	}
	before := clone(req)
	score(t, s, req)
	if !reflect.DeepEqual(req, before) {
		t.Errorf("the request was changed: got %+v, want %+v", req, before)
	}
}

func takesAnyText(t *testing.T, s suite) {
	texts := []string{
		"", " ", "\t\r\n", "\x00", "a\x00b", "\ufeff", "\u200b\u200d", "İstanbul", "straße", "東京タワー", "한국어", "ไทย", "שלום",
		"\u202eabc", "e\u0301\u0301\u0301", strings.Repeat("\u0301", 500), "👩‍👩‍👧‍👦", "[CLS] [SEP] [MASK] [PAD] [UNK]", "##s", "<script>", `{"a":"\"}`,
		"%s%n%00", "\u2028", "\U0010ffff", strings.Repeat("a", 5000), strings.Repeat("word ", 2000), "\xff", "\xed\xa0\x80", "\xc3",
	}
	for _, text := range texts {
		for _, pair := range []crossrank.Pair{{Query: text, Passage: "p"}, {Query: "q", Passage: text}} {
			if _, err := s.Score(t.Context(), &crossrank.Request{Pairs: []crossrank.Pair{pair}}); err != nil {
				t.Errorf("text %.20q: %v", text, err)
			}
		}
	}
}

func dropsInvalidBytes(t *testing.T, s suite) {
	scores := oneByOne(t, s, []crossrank.Pair{{Query: "ab c", Passage: "de"}, {Query: "a\xffb c", Passage: "d\xc0e"}})
	if scores[0] != scores[1] {
		t.Errorf("got score %v with bytes that are not UTF-8, want %v as without them", scores[1], scores[0])
	}
}

func takesQueries(t *testing.T, s suite) {
	pairs := somePairs(12, 8)
	want := oneByOne(t, s, pairs)
	resp, err := s.Score(t.Context(), &crossrank.Request{Pairs: pairs})
	if s.OneQuery {
		wantCode(t, "pairs of several queries", resp, err, crossrank.InvalidArgument)
		return
	}
	if err != nil {
		t.Fatalf("pairs of several queries: %v", err)
	}
	wantScores(t, "pairs of several queries", resp, want)
}

// score scores a request, and fails the test if the response violates the contract.
func score(t *testing.T, s suite, req *crossrank.Request) *crossrank.Response {
	t.Helper()
	resp, err := s.Score(t.Context(), req)
	if err != nil {
		t.Fatalf("scoring %d pairs: %v", len(req.Pairs), err)
	}
	if len(resp.Scores) != len(req.Pairs) {
		t.Fatalf("got %d scores for %d pairs", len(resp.Scores), len(req.Pairs))
	}
	if resp.ScoreType != crossrank.Logit && resp.ScoreType != crossrank.Probability {
		t.Fatalf("got score type %q; want %q or %q", resp.ScoreType, crossrank.Logit, crossrank.Probability)
	}
	for i, v := range resp.Scores {
		if v == crossrank.Omitted && req.TopN > 0 {
			continue
		}
		if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
			t.Fatalf("score %d is %v; want a finite number", i, v)
		}
		if resp.ScoreType == crossrank.Probability && (v < 0 || v > 1) {
			t.Fatalf("score %d is %v; want a probability", i, v)
		}
	}
	return resp
}

// oneByOne scores each pair in its own request.
func oneByOne(t *testing.T, s suite, pairs []crossrank.Pair) []float32 {
	t.Helper()
	var scores []float32
	for _, p := range pairs {
		scores = append(scores, score(t, s, &crossrank.Request{Pairs: []crossrank.Pair{p}}).Scores[0])
	}
	return scores
}

func wantScores(t *testing.T, what string, resp *crossrank.Response, want []float32) {
	t.Helper()
	if len(resp.Scores) != len(want) {
		t.Errorf("%s: got %d scores, want %d", what, len(resp.Scores), len(want))
		return
	}
	for i, v := range resp.Scores {
		if v != want[i] {
			t.Errorf("%s: score %d: got %v, want %v as when scored alone", what, i, v, want[i])
			return
		}
	}
}

func wantCode(t *testing.T, what string, resp *crossrank.Response, err error, want crossrank.Code) {
	t.Helper()
	if got := crossrank.CodeOf(err); got != want {
		t.Errorf("%s: got code %q (error %v), want %q", what, got, err, want)
	}
	if resp != nil {
		t.Errorf("%s: got an answer, want none: %+v", what, resp)
	}
}

// somePairs makes short distinct pairs, always the same for the same seed.
func somePairs(seed uint64, n int) []crossrank.Pair {
	words := strings.Fields("river stone copper lamp winter bridge market garden iron cloud paper salt tower engine window harbour")
	rng := rand.New(rand.NewPCG(seed, seed))
	pairs := make([]crossrank.Pair, n)
	for i := range pairs {
		var passage []string
		for range 1 + rng.IntN(5) {
			passage = append(passage, words[rng.IntN(len(words))])
		}
		pairs[i] = crossrank.Pair{
			Query:   words[rng.IntN(len(words))],
			Passage: fmt.Sprintf("%s %d", strings.Join(passage, " "), i),
		}
	}
	return pairs
}

// pairs makes pairs as somePairs does, of one query if more are not possible.
func (s suite) pairs(seed uint64, n int) []crossrank.Pair {
	pairs := somePairs(seed, n)
	for i := range pairs {
		if s.OneQuery {
			pairs[i].Query = pairs[0].Query
		}
	}
	return pairs
}
