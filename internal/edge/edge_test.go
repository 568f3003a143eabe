package edge

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/crossrank/crossrank"
)

func TestCheck(t *testing.T) {
	limits := Limits{Documents: 3, DocumentBytes: 10, QueryBytes: 5}
	pairs := func(n, query, passage int) *crossrank.Request {
		req := &crossrank.Request{}
		for range n {
			req.Pairs = append(req.Pairs, crossrank.Pair{Query: strings.Repeat("q", query), Passage: strings.Repeat("p", passage)})
		}
		return req
	}
	instructed := func(n int) *crossrank.Request {
		req := pairs(1, 1, 1)
		req.Instruction = strings.Repeat("i", n)
		return req
	}
	tests := []struct {
		name   string
		limits Limits
		req    *crossrank.Request
		want   crossrank.Code
	}{
		{"an empty query and an empty document", limits, pairs(1, 0, 0), crossrank.OK},
		{"as many documents as allowed", limits, pairs(3, 1, 1), crossrank.OK},
		{"one document too many", limits, pairs(4, 1, 1), crossrank.TooLarge},
		{"a document at its limit", limits, pairs(1, 1, 10), crossrank.OK},
		{"a document one byte over", limits, pairs(1, 1, 11), crossrank.TooLarge},
		{"a query at its limit", limits, pairs(1, 5, 1), crossrank.OK},
		{"a query one byte over", limits, pairs(1, 6, 1), crossrank.TooLarge},
		{"an instruction at the limit of a query", limits, instructed(5), crossrank.OK},
		{"an instruction one byte over", limits, instructed(6), crossrank.TooLarge},
		{"1,000 documents by default", Limits{}, pairs(1000, 1, 1), crossrank.OK},
		{"1,001 documents by default", Limits{}, pairs(1001, 1, 1), crossrank.TooLarge},
		{"a default document one byte over", Limits{}, pairs(1, 1, 256<<10+1), crossrank.TooLarge},
		{"a default query one byte over", Limits{}, pairs(1, 64<<10+1, 1), crossrank.TooLarge},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := tt.limits.CheckCount(len(tt.req.Pairs))
			if err == nil {
				err = tt.limits.CheckTexts(tt.req)
			}
			if got := crossrank.CodeOf(err); got != tt.want {
				t.Errorf("got %s (%v), want %s", got, err, tt.want)
			}
		})
	}
}

func TestCheckModel(t *testing.T) {
	for _, name := range []string{"", "served"} {
		if err := CheckModel(name, "served"); err != nil {
			t.Errorf("model %q: %v", name, err)
		}
	}
	err := CheckModel(strings.Repeat("other", 1000), "served")
	if crossrank.CodeOf(err) != crossrank.NotFound || !strings.Contains(err.Error(), `"served"`) || len(err.Error()) > 200 {
		t.Errorf("got %v, want a short NotFound that names the served model", err)
	}
	for _, name := range []string{"", "a", "b"} {
		if err := CheckModel(name, "a", "b"); err != nil {
			t.Errorf("model %q of a and b: %v", name, err)
		}
	}
	err = CheckModel("c", "a", "b")
	if want := `there is no model "c" here; "a", "b" are served`; crossrank.CodeOf(err) != crossrank.NotFound || err.Error() != want {
		t.Errorf("got %v, want a NotFound: %s", err, want)
	}
}

func TestExplain(t *testing.T) {
	tests := []struct {
		name   string
		err    error
		code   crossrank.Code
		hidden bool
	}{
		{"an error for callers, wrapped",
			fmt.Errorf("scoring: %w", crossrank.Errorf(crossrank.TooLarge, "secret-free")), crossrank.TooLarge, false},
		{"a deadline", fmt.Errorf("secret: %w", context.DeadlineExceeded), crossrank.DeadlineExceeded, false},
		{"a caller who left", fmt.Errorf("secret: %w", context.Canceled), crossrank.Canceled, false},
		{"any other error", errors.New("open secret: no such file"), crossrank.Internal, true},
		{"a fault with words for callers",
			crossrank.Errorf(crossrank.Internal, "broken: %w", errors.New("cause")), crossrank.Internal, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := Explain(tt.err)
			if got.Code != tt.code || got.Hidden != tt.hidden {
				t.Errorf("got %+v, want code %s, hidden %v", got, tt.code, tt.hidden)
			}
			if got.Message == "" || strings.Contains(got.Message, "secret:") || strings.Contains(got.Message, "open") {
				t.Errorf("message %q shows internals or nothing", got.Message)
			}
		})
	}
}

// fixed answers every request with the same scores.
type fixed []float32

func (f fixed) Score(context.Context, *crossrank.Request) (*crossrank.Response, error) {
	return &crossrank.Response{Scores: f}, nil
}

func TestScoreChecksTheAnswer(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(-1))
	tests := []struct {
		name   string
		scores fixed
		want   crossrank.Code
	}{
		{"one finite score a pair", fixed{1, -2}, crossrank.OK},
		{"a score missing", fixed{1}, crossrank.Internal},
		{"a score too many", fixed{1, 2, 3}, crossrank.Internal},
		{"a NaN", fixed{1, nan}, crossrank.Internal},
		{"an infinity", fixed{inf, 1}, crossrank.Internal},
	}
	check := func(req *crossrank.Request, name string, scores fixed, want crossrank.Code) {
		t.Run(name, func(t *testing.T) {
			resp, err := Score(t.Context(), scores, req)
			if got := crossrank.CodeOf(err); got != want || (resp == nil) != (err != nil) {
				t.Errorf("got %v, %v, want %s", resp, err, want)
			}
		})
	}
	for _, tt := range tests {
		check(&crossrank.Request{Pairs: make([]crossrank.Pair, 2)}, tt.name, tt.scores, tt.want)
	}
	first := &crossrank.Request{Pairs: make([]crossrank.Pair, 3), TopN: 2}
	check(first, "one of three omitted", fixed{1, inf, 2}, crossrank.OK)
	check(first, "too many omitted", fixed{1, inf, inf}, crossrank.Internal)
	check(first, "a NaN among the omitted", fixed{1, nan, 2}, crossrank.Internal)
}

func TestRequestID(t *testing.T) {
	for _, kept := range []string{"a", "0191d1c8-7f", "Root=1-67891233:ab/c+d", strings.Repeat("x", 128)} {
		if got := RequestID(kept); got != kept {
			t.Errorf("RequestID(%q) = %q, want it kept", kept, got)
		}
	}
	for _, replaced := range []string{"", "two words", "line\nbreak", "<b>", "é", strings.Repeat("x", 129)} {
		got := RequestID(replaced)
		if got == replaced || RequestID(got) != got || got == RequestID(replaced) {
			t.Errorf("RequestID(%q) = %q, want a new and fit one", replaced, got)
		}
	}
}
