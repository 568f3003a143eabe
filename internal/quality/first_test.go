package quality

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/dataset"
	"github.com/crossrank/crossrank/internal/results"
)

// lengths scores a pair by the length of its passage. It omits the shorter ones of a request that
// needs only some, and where a passage has a bad word, the first of them.
type lengths struct{ bad string }

func (l lengths) Score(_ context.Context, req *crossrank.Request) (*crossrank.Response, error) {
	resp := &crossrank.Response{}
	for _, p := range req.Pairs {
		if p.Passage == "fails" {
			return nil, errors.New("broken")
		}
		resp.Scores = append(resp.Scores, float32(len(p.Passage)))
	}
	if req.TopN == 0 {
		return resp, nil
	}
	kept := map[int]bool{}
	for _, r := range crossrank.Order(resp.Scores, req.TopN+1) {
		kept[r.Index] = l.bad == "" || req.Pairs[r.Index].Passage != l.bad
	}
	for i := range resp.Scores {
		if !kept[i] {
			resp.Scores[i] = crossrank.Omitted
		}
	}
	return resp, nil
}

func TestFirst(t *testing.T) {
	passages := func(texts ...string) (pairs []crossrank.Pair) {
		for _, text := range texts {
			pairs = append(pairs, crossrank.Pair{Query: "q", Passage: text})
		}
		return pairs
	}
	requests := [][]crossrank.Pair{passages("a", "aa", "aaa", "aaaa"), passages("bb", "b", "bbbb", "bbb")}
	got, err := First(t.Context(), lengths{}, lengths{}, requests, 2, "fp32")
	if want := (results.First{Against: "fp32", N: 2, Requests: 2, Same: 2, Pairs: 8, Scored: 6}); err != nil || *got != want {
		t.Errorf("got %+v and %v, want %+v", got, err, want)
	}
	if got, err := First(t.Context(), lengths{"bbb"}, lengths{}, requests, 2, "fp32"); err != nil || got.Same != 1 {
		t.Errorf("one of the first is missing: got %+v and %v, want one request that is the same", got, err)
	}
	if _, err := First(t.Context(), lengths{}, lengths{}, [][]crossrank.Pair{passages("fails")}, 2, "fp32"); err == nil || !strings.Contains(err.Error(), "request 0") {
		t.Errorf("got %v, want which request failed", err)
	}
}

func TestRequests(t *testing.T) {
	pairs := []crossrank.Pair{{Query: "a", Passage: "1"}, {Query: "b", Passage: "2"}, {Query: "c", Passage: "3"}}
	if got := RequestsOf(pairs, 2, true); len(got) != 2 || got[0][1] != (crossrank.Pair{Query: "a", Passage: "2"}) || got[1][0] != pairs[2] || pairs[1].Query != "b" {
		t.Errorf("of one query each: got %v", got)
	}
	if got := RequestsOf(pairs, 2, false); got[0][1] != pairs[1] {
		t.Errorf("got %v", got)
	}
	task := &Task{Pairs: pairs, Candidates: []dataset.Candidates{{Documents: make([]dataset.Text, 1)}, {Documents: make([]dataset.Text, 2)}}}
	if got := task.Requests(); len(got) != 2 || len(got[0]) != 1 || got[1][0] != pairs[1] {
		t.Errorf("of a collection: got %v", got)
	}
}
