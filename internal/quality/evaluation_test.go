package quality

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/dataset"
	"github.com/crossrank/crossrank/internal/results"
	"github.com/crossrank/crossrank/internal/scorertest"
)

// smallTask has three documents for the first query and none for the second.
func smallTask() *Task {
	t := &Task{Collection: &dataset.Collection{Name: "c"}, Candidates: []dataset.Candidates{
		{Query: dataset.Text{ID: "q1", Text: "fish"}, Documents: []dataset.Text{{ID: "1", Text: "a"}, {ID: "2", Text: strings.Repeat("é", 400)}, {ID: "3", Text: "c"}},
			Scores: []float64{3, 2, 1}, Grades: []float64{0, 1, 0}, Known: []bool{false, true, true}, Judged: []float64{0, 1}},
		{Query: dataset.Text{ID: "q2", Text: "nothing"}, Judged: []float64{1}},
		{Query: dataset.Text{ID: "q3", Text: "chips"}, Documents: []dataset.Text{{ID: "1", Text: "a"}}, Scores: []float64{9}, Grades: []float64{2}, Known: []bool{true}, Judged: []float64{2}},
	}}
	t.Pairs = dataset.Pairs(t.Candidates)
	return t
}

// slowScorer takes a time for each pair, and notes its requests.
type slowScorer struct {
	name  string
	each  time.Duration
	calls *[]string
	err   error // of the second call on
	n     int
}

func (s *slowScorer) Score(ctx context.Context, req *crossrank.Request) (*crossrank.Response, error) {
	if s.n++; s.err != nil && s.n > 1 {
		return nil, s.err
	}
	*s.calls = append(*s.calls, s.name+" "+req.Pairs[0].Query)
	time.Sleep(s.each * time.Duration(len(req.Pairs)))
	return (&scorertest.Fake{}).Score(ctx, req)
}

// TestEvaluationTakesTurns: two scorers rank each query in turns, A B B A, and the time of one is
// none of the other's.
func TestEvaluationTakesTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var calls []string
		var requests []results.Request
		var rankings []results.Ranking
		var last Progress
		task := smallTask()
		e := Evaluation{Task: task, Batch: 2, Scorers: []crossrank.Scorer{&slowScorer{name: "A", each: time.Second, calls: &calls}, &slowScorer{name: "B", each: time.Minute, calls: &calls}},
			Request:  func(r results.Request) error { requests = append(requests, r); return nil },
			Ranking:  func(r results.Ranking) error { rankings = append(rankings, r); return nil },
			Progress: func(p Progress) { last = p },
		}
		judged, err := e.Run(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		want := []string{"A fish", "B fish", "A fish", "A fish", "B fish", "B fish", "A chips", "B chips"}
		if !slices.Equal(calls, want) {
			t.Errorf("calls %q, want %q: one to warm up each, then in turns", calls, want)
		}
		var ends [2]time.Duration
		for _, r := range requests {
			if r.Started != ends[r.Configuration] || r.Intended != r.Started || r.Code != crossrank.OK {
				t.Errorf("request %+v does not begin at %v", r, ends[r.Configuration])
			}
			ends[r.Configuration] = r.Finished
		}
		if len(requests) != 6 || ends != [2]time.Duration{4 * time.Second, 4 * time.Minute} {
			t.Errorf("%d requests until %v, want 6 of 4 s and 4 min in all", len(requests), ends)
		}
		if last.Queries != 3 || last.AllQueries != 3 || last.Pairs != 8 || last.AllPairs != 8 || last.Elapsed != 4*time.Second+4*time.Minute {
			t.Errorf("progress %+v", last)
		}
		checkRankings(t, rankings, task)
		if len(judged) != 2 || *judged[0] != *judged[1] || judged[0].Queries != 3 || judged[0].FirstMRR != (0.5+1)/3 {
			t.Errorf("judged %+v", judged[0])
		}
	})
}

func checkRankings(t *testing.T, rankings []results.Ranking, task *Task) {
	t.Helper()
	if len(rankings) != 3 || len(rankings[1].Documents) != 0 {
		t.Fatalf("rankings %+v", rankings)
	}
	d := rankings[0].Documents
	logit := scorertest.Logit(task.Pairs[0])
	if d[0].Grade != nil || *d[1].Grade != 1 || *d[2].Grade != 0 || d[0].First != 3 || !slices.Equal(d[0].Scores, []float32{logit, logit}) {
		t.Errorf("documents %+v", d)
	}
	if d[0].Text != "a" || d[1].Text != strings.Repeat("é", shownRunes)+"…" {
		t.Errorf("texts %q", []string{d[0].Text, d[1].Text})
	}
}

func TestEvaluationFailures(t *testing.T) {
	var calls []string
	broken := crossrank.Errorf(crossrank.Overloaded, "busy")
	var requests []results.Request
	keep := func(r results.Request) error { requests = append(requests, r); return nil }
	ignore := func(results.Ranking) error { return nil }
	e := Evaluation{Task: smallTask(), Batch: 8, Scorers: []crossrank.Scorer{&slowScorer{calls: &calls, err: broken}}, Request: keep, Ranking: ignore}
	if _, err := e.Run(t.Context()); !errors.Is(err, broken) || err.Error() != `query "q1": busy` {
		t.Errorf("a failed request: %v", err)
	}
	if len(requests) != 1 || requests[0].Code != crossrank.Overloaded || requests[0].Error != "busy" {
		t.Errorf("its record: %+v", requests)
	}

	// A request that the end of ctx ended leaves no record.
	ctx, cancel := context.WithCancel(t.Context())
	requests = nil
	e.Scorers = []crossrank.Scorer{&slowScorer{calls: &calls, err: context.Canceled}}
	e.Request = keep
	cancel()
	if _, err := e.Run(ctx); !errors.Is(err, context.Canceled) || len(requests) != 0 {
		t.Errorf("canceled: %v, %+v", err, requests)
	}

	full := errors.New("disk full")
	e.Scorers = []crossrank.Scorer{&scorertest.Fake{}}
	e.Request = func(results.Request) error { return full }
	if _, err := e.Run(t.Context()); !errors.Is(err, full) {
		t.Errorf("a record that cannot be kept: %v", err)
	}
	e.Request, e.Ranking = keep, func(results.Ranking) error { return full }
	if _, err := e.Run(t.Context()); !errors.Is(err, full) {
		t.Errorf("a ranking that cannot be kept: %v", err)
	}
	e.Ranking, e.Scorers = ignore, []crossrank.Scorer{notANumber{}}
	if _, err := e.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "a score is NaN") {
		t.Errorf("a score that is no number: %v", err)
	}
}

type notANumber struct{}

func (notANumber) Score(_ context.Context, req *crossrank.Request) (*crossrank.Response, error) {
	zero := float32(0)
	scores := make([]float32, len(req.Pairs))
	scores[0] = zero / zero
	return &crossrank.Response{Scores: scores}, nil
}
