package summary

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/crossrank/crossrank/internal/resultstest"
)

// Query 1 has relevant documents "b" of grade 2 and "c" of grade 1. The first stage ranks a b c,
// the first model b c a, the second one c a b. Query 2 has the relevant "x", which is no candidate,
// and query 3 the relevant "n", which all rank first: the scores of "n" and "m" are equal, and "n"
// is the higher id.
func TestEvaluation(t *testing.T) {
	s := Of(resultstest.Rankings())
	e := s.Evaluation
	log3 := math.Log2(3)
	best := 2 + 1/log3
	for _, c := range []struct {
		key  string
		want [3]float64 // of query 1, by system
	}{
		{"ndcg_10", [3]float64{(2/log3 + 1.0/2) / best, 1, (1 + 2.0/2) / best}},
		{"mrr_10", [3]float64{0.5, 1, 1}},
		{"map", [3]float64{(1.0/2 + 2.0/3) / 2, 1, (1 + 2.0/3) / 2}},
		{"recall_1", [3]float64{0, 0.5, 0.5}},
		{"recall_2", [3]float64{0.5, 1, 0.5}},
	} {
		for system, want := range c.want {
			values := []float64{e.ByQuery[0].Values[c.key][system], e.ByQuery[1].Values[c.key][system], e.ByQuery[2].Values[c.key][system]}
			if math.Abs(values[0]-want) > 1e-12 || values[1] != 0 || values[2] != 1 {
				t.Errorf("%s of system %d: %v, want %v, 0 and 1", c.key, system, values, want)
			}
			if got := float64(e.Systems[system].Values[c.key].Mean); math.Abs(got-(want+1)/3) > 1e-12 {
				t.Errorf("mean %s of system %d: %v, want %v", c.key, system, got, (want+1)/3)
			}
		}
	}
	if len(e.Measures) != 5 || e.Queries != 3 || e.Pairs != 5 || e.ByQuery[0].Relevant != 2 || e.ByQuery[1].Relevant != 1 || e.ByQuery[1].Found != 0 {
		t.Errorf("got %+v", e)
	}
	// Query 1 alone differs, so that of two combinations of signs both are as extreme.
	want := [][2]int{{0, 1}, {0, 2}, {2, 1}}
	for i, c := range e.Comparisons {
		d := c.Measures["ndcg_10"]
		if [2]int{c.Base, c.Other} != want[i] || d.Wins != 1 || d.Ties != 2 || d.Losses != 0 || d.P != 1 {
			t.Errorf("comparison %d: %+v", i, c)
		}
		difference := e.ByQuery[0].Values["ndcg_10"][c.Other] - e.ByQuery[0].Values["ndcg_10"][c.Base]
		if math.Abs(float64(d.Mean)-difference/3) > 1e-12 || d.Low != 0 || math.Abs(float64(d.High)-difference) > 1e-12 {
			t.Errorf("comparison %d: the difference is %+v, want %v of one query of three", i, d, difference)
		}
		if changed := e.Changed(c.Base, c.Other, 5); !slices.Equal(changed, []int{0}) {
			t.Errorf("comparison %d: changed queries %v", i, changed)
		}
	}
	if d := e.Comparisons[2].Measures["mrr_10"]; d.Wins != 0 || d.Ties != 3 {
		t.Errorf("equal MRR: %+v", d)
	}
	if worst := e.Worst(1, 2); !slices.Equal(worst, []int{1, 0}) {
		t.Errorf("worst queries %v", worst)
	}
	speed := e.Systems[1].Speed
	if e.Systems[0].Speed != nil || speed.Pairs != 5 || speed.PairsPerSecond != 50 || math.Abs(float64(speed.EngineSeconds)-0.08) > 1e-12 {
		t.Errorf("speed %+v", speed)
	}
	b, err := json.Marshal(s)
	if err != nil || !strings.Contains(string(b), `"first_stage":"BM25"`) {
		t.Errorf("JSON: %v, %s", err, b)
	}
}

// TestEvaluationOfNothing has an evaluation that was interrupted before its first query.
func TestEvaluationOfNothing(t *testing.T) {
	res := resultstest.Rankings()
	res.Rankings = nil
	e := Of(res).Evaluation
	if e.Queries != 0 || e.Systems[0].Values["map"].Mean.Measured() || e.Comparisons[0].Measures["map"].P.Measured() {
		t.Errorf("got %+v", e)
	}
	if _, err := json.Marshal(e); err != nil {
		t.Error(err)
	}
	if Of(resultstest.Repeats(1, 0)).Evaluation != nil {
		t.Error("results without rankings have an evaluation")
	}
}
