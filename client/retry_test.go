package client

import (
	"context"
	"encoding/json"
	"testing"
	"testing/synctest"
	"time"

	"github.com/crossrank/crossrank"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// script is a transport that fails with a list of errors, one per call, and then answers.
type script struct {
	errs  []error
	calls int
}

func (s *script) score(_ context.Context, req *crossrank.Request) (*crossrank.Response, error) {
	s.calls++
	if s.calls <= len(s.errs) {
		return nil, s.errs[s.calls-1]
	}
	return &crossrank.Response{Scores: make([]float32, len(req.Pairs))}, nil
}

func (*script) info(context.Context) (crossrank.Info, error)                { return crossrank.Info{}, nil }
func (*script) history(context.Context, time.Time) (json.RawMessage, error) { return nil, nil }
func (*script) probe(context.Context, bool) error                           { return nil }
func (*script) close() error                                                { return nil }

func TestRetries(t *testing.T) {
	away := crossrank.Errorf(crossrank.Unavailable, "away")
	full := func(d time.Duration) error {
		return &crossrank.Error{Code: crossrank.Overloaded, Message: "full", RetryAfter: d}
	}
	tests := []struct {
		name     string
		errs     []error
		retries  int
		deadline time.Duration
		want     crossrank.Code
		calls    int
		min, max time.Duration // how long it takes
	}{
		{"no retries asked for", []error{away}, 0, 0, crossrank.Unavailable, 1, 0, 0},
		{"one failure, one retry", []error{away}, 1, 0, crossrank.OK, 2, 10 * time.Millisecond, 30 * time.Millisecond},
		{"waits that grow", []error{away, away, away}, 3, 0, crossrank.OK, 4, 70 * time.Millisecond, 210 * time.Millisecond},
		{"one failure too many", []error{away, away}, 1, 0, crossrank.Unavailable, 2, 10 * time.Millisecond, 30 * time.Millisecond},
		{"as long as the server asks", []error{full(3 * time.Second)}, 1, 0, crossrank.OK, 2, 3 * time.Second, 3 * time.Second},
		{"longer than is waited for", []error{full(time.Hour)}, 3, 0, crossrank.Overloaded, 1, 0, 0},
		{"a deadline before the next try", []error{full(3 * time.Second)}, 3, 2 * time.Second, crossrank.Overloaded, 1, 0, 0},
		{"a fault", []error{crossrank.Errorf(crossrank.Internal, "x")}, 3, 0, crossrank.Internal, 1, 0, 0},
		{"a wrong request", []error{crossrank.Errorf(crossrank.InvalidArgument, "x")}, 3, 0, crossrank.InvalidArgument, 1, 0, 0},
		{"no key", []error{crossrank.Errorf(crossrank.Unauthenticated, "x")}, 3, 0, crossrank.Unauthenticated, 1, 0, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := &script{errs: tt.errs}
				c := &Client{transport: w, retries: tt.retries}
				ctx, cancel := context.WithCancel(t.Context())
				if tt.deadline > 0 {
					ctx, cancel = context.WithTimeout(t.Context(), tt.deadline)
				}
				defer cancel()
				started := time.Now()
				_, err := c.Score(ctx, request())
				took := time.Since(started)
				if crossrank.CodeOf(err) != tt.want || w.calls != tt.calls || took < tt.min || took > tt.max {
					t.Errorf("got %v after %d calls and %v; want %s after %d calls and %v to %v",
						err, w.calls, took, tt.want, tt.calls, tt.min, tt.max)
				}
			})
		})
	}
}

// TestLostCalls: calls that a server refuses use up the budget, and those that are lost with their
// connection, however many, are retried once.
func TestLostCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lost := grpcFailure(t.Context(), "grpc://x", status.Error(codes.Unavailable, "connection timed out"))
		refused := crossrank.Errorf(crossrank.Unavailable, "draining")
		for _, tt := range []struct {
			name string
			err  error
			ok   int // of a thousand calls that fail once
		}{{"lost", lost, 1000}, {"refused", refused, 110}} { // 100, and a tenth of these and so on
			c := &Client{retries: 3}
			ok := 0
			for range 1000 {
				c.transport = &script{errs: []error{tt.err}}
				if _, err := c.Score(t.Context(), request()); err == nil {
					ok++
				}
			}
			if ok < tt.ok || ok > tt.ok+1 {
				t.Errorf("%s: %d of 1000 calls were answered, want %d", tt.name, ok, tt.ok)
			}
		}
		twice := &script{errs: []error{lost, lost}}
		c := &Client{transport: twice, retries: 3}
		if _, err := c.Score(t.Context(), request()); err != nil || c.budget.spent != 1-earned {
			t.Errorf("lost twice: %v, and %v of the budget is spent, want the second retry to count", err, c.budget.spent)
		}
	})
}

func TestRetriesEndWithTheirCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		c := &Client{retries: 3, transport: &script{errs: []error{
			&crossrank.Error{Code: crossrank.Overloaded, Message: "full", RetryAfter: 5 * time.Second},
		}}}
		started := time.Now()
		_, err := c.Score(ctx, request())
		if crossrank.CodeOf(err) != crossrank.Overloaded || time.Since(started) != time.Second {
			t.Errorf("got %v after %v, want what the server said after 1s", err, time.Since(started))
		}
	})
}

// TestRetriesAreBudgeted: a server that is down gets a hundred retries at once, and then only what
// successes pay for.
func TestRetriesAreBudgeted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		down := make([]error, 10_000)
		for i := range down {
			down[i] = crossrank.Errorf(crossrank.Unavailable, "down")
		}
		w := &script{errs: down}
		c := &Client{transport: w, retries: 3}
		for range 1000 {
			if _, err := c.Score(t.Context(), request()); crossrank.CodeOf(err) != crossrank.Unavailable {
				t.Fatalf("got %v", err)
			}
		}
		if w.calls != 1000+budgetMost {
			t.Errorf("1,000 requests to a dead server were %d calls, want %d", w.calls, 1000+budgetMost)
		}
		w.errs = nil
		for range 50 {
			if _, err := c.Score(t.Context(), request()); err != nil {
				t.Fatal(err)
			}
		}
		w.errs, w.calls = down, 0
		for range 100 {
			_, _ = c.Score(t.Context(), request())
		}
		if w.calls < 104 || w.calls > 105 {
			t.Errorf("after 50 successes 100 requests were %d calls, want 5 retries", w.calls)
		}
	})
}
