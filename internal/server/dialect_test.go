package server

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/client"
	"github.com/crossrank/crossrank/internal/scorertest"
)

// dialectLimits are what the suite cannot ask of a crossrank server in the words of others.
var dialectLimits = map[client.Dialect]scorertest.Limits{
	client.Inference: {NoRaw: true, NoOptions: true, NoModel: true, NoTokens: true, NoPadding: true, NoTiming: true},
	client.Cohere:    {OneQuery: true, NoRaw: true, NoOptions: true, NoModel: true, NoPadding: true, NoTiming: true},
	client.CohereV1:  {OneQuery: true, NoRaw: true, NoOptions: true, NoPadding: true, NoTiming: true},
	client.Jina:      {OneQuery: true, NoRaw: true, NoOptions: true, NoPadding: true, NoTiming: true},
	client.TEI:       {NoOptions: true, NoModel: true, NoPadding: true, NoTiming: true},
	client.VLLM:      {NoOptions: true, NoPadding: true, NoTiming: true},
	client.LlamaCpp:  {OneQuery: true, NoOptions: true, NoPadding: true, NoTiming: true},
}

// dialTo makes a client of a server in a dialect.
func (r *running) dialTo(t *testing.T, d client.Dialect, opts client.Options) *client.Client {
	t.Helper()
	opts.Dialect = d
	if d == client.Inference {
		return dialWith(t, "grpc://"+r.GRPCAddr(), opts)
	}
	return dialWith(t, "http://"+r.HTTPAddr(), opts)
}

func TestDialectsPassTheSuite(t *testing.T) {
	for dialect, limits := range dialectLimits {
		t.Run(string(dialect), func(t *testing.T) {
			scorertest.RunWithin(t, limits, func(t *testing.T) crossrank.Scorer {
				return start(t, &scorertest.Fake{}, Config{}).dialTo(t, dialect, client.Options{})
			})
		})
	}
}

// tokenizing is a scorer that only tokenizes.
type tokenizing struct{ scorertest.Fake }

func (s *tokenizing) Score(_ context.Context, req *crossrank.Request) (*crossrank.Response, error) {
	return &crossrank.Response{Scores: make([]float32, len(req.Pairs)), ScoreType: crossrank.NoScore, Model: "fake"}, nil
}

// TestInferenceWithoutScores measures a server that only tokenizes as the Python project's client
// does.
func TestInferenceWithoutScores(t *testing.T) {
	c := start(t, &tokenizing{}, Config{}).dialTo(t, client.Inference, client.Options{})
	resp, err := c.Score(t.Context(), &crossrank.Request{Pairs: make([]crossrank.Pair, 3)})
	if err != nil || resp.ScoreType != crossrank.NoScore || len(resp.Scores) != 3 {
		t.Errorf("got %+v, %v; want three scores of type none", resp, err)
	}
}

// TestDialectsGiveTheSameBits scores the same passages in every dialect and over this project's own
// gRPC.
func TestDialectsGiveTheSameBits(t *testing.T) {
	r := start(t, &scorertest.Fake{}, Config{})
	one := &crossrank.Request{Raw: true}
	for i := range 100 {
		one.Pairs = append(one.Pairs, crossrank.Pair{Query: "which of them", Passage: fmt.Sprintf("the passage number %d", i*7919%101)})
	}
	several := &crossrank.Request{Raw: true, Pairs: slices.Clone(one.Pairs)}
	for i := range several.Pairs {
		several.Pairs[i].Query = fmt.Sprintf("query %d", i/3)
	}
	for _, req := range []*crossrank.Request{one, several} {
		direct, err := dial(t, "grpc://"+r.GRPCAddr()).Score(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range client.Dialects() {
			if req == several && d.OneQuery() {
				continue
			}
			for _, raw := range []bool{true, false} {
				if raw && dialectLimits[d].NoRaw {
					continue
				}
				resp, err := r.dialTo(t, d, client.Options{}).Score(t.Context(), &crossrank.Request{Pairs: req.Pairs, Raw: raw})
				if err != nil {
					t.Errorf("%s, raw %v: %v", d, raw, err)
					continue
				}
				want := slices.Clone(direct.Scores)
				if !raw {
					for i := range want {
						want[i] = crossrank.Sigmoid(want[i])
					}
				}
				if !slices.Equal(resp.Scores, want) || raw != (resp.ScoreType == crossrank.Logit) {
					t.Errorf("%s, raw %v: got %s %v, want %v", d, raw, resp.ScoreType, resp.Scores, want)
				}
			}
		}
	}
}

// TestDialectsKeepCodes: what goes wrong on a server is told alike in every dialect.
func TestDialectsKeepCodes(t *testing.T) {
	for _, code := range []crossrank.Code{
		crossrank.InvalidArgument, crossrank.TooLarge, crossrank.Overloaded, crossrank.Unavailable, crossrank.DeadlineExceeded, crossrank.Internal,
	} {
		fake := &scorertest.Fake{Fault: func(*crossrank.Request) error { return &crossrank.Error{Code: code, Message: "what went wrong"} }}
		r := start(t, fake, Config{})
		for d := range dialectLimits {
			_, err := r.dialTo(t, d, client.Options{}).Score(t.Context(), request("q"))
			if crossrank.CodeOf(err) != code {
				t.Errorf("%s: got %s (%v), want %s", d, crossrank.CodeOf(err), err, code)
			}
		}
	}
}

func TestDialectsTellTheModel(t *testing.T) {
	r := start(t, &scorertest.Fake{}, Config{})
	real := (&scorertest.Fake{}).Info()
	for d := range dialectLimits {
		info, err := r.dialTo(t, d, client.Options{Model: real.Model}).Info(t.Context())
		if err != nil || info.Model != real.Model {
			t.Errorf("%s: got %+v, %v; want the model %s", d, info, err, real.Model)
		}
		if d == client.TEI && info != real {
			t.Errorf("%s: got %+v, want all that the server tells, %+v", d, info, real)
		}
		resp, err := r.dialTo(t, d, client.Options{Model: real.Model}).Score(t.Context(), request("q"))
		if err != nil || resp.Model != real.Model {
			t.Errorf("%s: got an answer of %+v, %v; want one of %s", d, resp, err, real.Model)
		}
		if dialectLimits[d].NoModel && d != client.Cohere {
			continue // nothing is sent
		}
		_, err = r.dialTo(t, d, client.Options{Model: "another"}).Score(t.Context(), request("q"))
		if crossrank.CodeOf(err) != crossrank.NotFound {
			t.Errorf("%s: another model: got %v, want that it is not found", d, err)
		}
	}
}

func TestDialectsShowTheirKey(t *testing.T) {
	const key = "a-key-that-nobody-may-see"
	r := start(t, &scorertest.Fake{}, Config{APIKeys: []string{digest(key)}})
	for d := range dialectLimits {
		if _, err := r.dialTo(t, d, client.Options{APIKey: key}).Score(t.Context(), request("q")); err != nil {
			t.Errorf("%s: with the key: %v", d, err)
		}
		_, err := r.dialTo(t, d, client.Options{APIKey: key + "x"}).Score(t.Context(), request("q"))
		if crossrank.CodeOf(err) != crossrank.Unauthenticated || strings.Contains(fmt.Sprint(err), key) {
			t.Errorf("%s: with another key: got %v, want that it is not known", d, err)
		}
	}
}

func TestDialectsHaveNoHistory(t *testing.T) {
	r := start(t, &scorertest.Fake{}, Config{})
	for d := range dialectLimits {
		c := r.dialTo(t, d, client.Options{})
		if _, err := c.History(t.Context(), time.Time{}); crossrank.CodeOf(err) != crossrank.InvalidArgument {
			t.Errorf("%s: history: got %v, want that it cannot be asked for", d, err)
		}
		err := c.ScoreStream(t.Context(), request("q"), 0, func(int, *crossrank.Response) error { return nil })
		if crossrank.CodeOf(err) != crossrank.InvalidArgument {
			t.Errorf("%s: stream: got %v, want that it cannot be asked for", d, err)
		}
	}
}
