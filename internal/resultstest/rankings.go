package resultstest

import (
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/results"
)

// Rankings makes the results of an evaluation of two models on three queries with five candidates,
// one of which has no candidate. Each model takes 100 ms, 80 of them in the engine. Texts are ones
// that pages must escape.
func Rankings() *results.Results {
	grade := func(g float64) *float64 { return &g }
	res := &results.Results{
		Run: results.Run{Name: "eval", Loop: "closed", Model: crossrank.Info{Model: "a", Weights: "sha256:1"}},
		Evaluation: &results.Evaluation{
			Collection: "small", Hash: "sha256:2", Documents: 6, Planned: 3, FirstStage: "BM25", Candidates: 3, RecallAt: []int{1, 2},
			Notes: []string{"judged queries left out: 1"},
			Models: []results.EvaluatedModel{
				{Label: "a", Target: "in process", Info: crossrank.Info{Model: "a", Quantization: "fp32"}},
				{Label: "b <int8>", Target: "in process", Info: crossrank.Info{Model: "b", Quantization: "int8"}},
			},
		},
		Rankings: []results.Ranking{
			{Query: "1", Text: "<b>fish</b> & chips", Judged: []float64{0, 1, 2}, Documents: []results.RankedDocument{
				{ID: "a", Grade: grade(0), First: 3, Scores: []float32{-1, 2}, Text: "first <script>"},
				{ID: "b", Grade: grade(2), First: 2, Scores: []float32{7, 1}, Text: "second"},
				{ID: "c", Grade: grade(1), First: 1, Scores: []float32{5, 3}, Text: "third"},
			}},
			{Query: "2", Text: "nothing is found", Judged: []float64{1}},
			{Query: "3", Text: "equal", Judged: []float64{1}, Documents: []results.RankedDocument{
				{ID: "m", First: 1, Scores: []float32{2, 0}, Text: "unjudged"},
				{ID: "n", Grade: grade(1), First: 1, Scores: []float32{2, 0}, Text: "relevant"},
			}},
		},
	}
	ms := time.Millisecond
	for i := range 2 {
		res.Configurations = append(res.Configurations, &results.Measured{
			Configuration: results.Configuration{Index: i, Batch: 32, Concurrency: 1, Set: []results.Setting{{Key: "model", Value: res.Evaluation.Models[i].Label}}},
			Requests:      []results.Request{{Configuration: i, Finished: 100 * ms, Pairs: 5, Code: crossrank.OK, Tokens: 50, PaddedTokens: 60, Compute: 80 * ms, Total: 90 * ms}},
			End:           &results.ConfigurationEnd{Configuration: i, Elapsed: 100 * ms, Complete: true},
		})
	}
	return res
}
