package summary

import (
	"fmt"

	"github.com/crossrank/crossrank/internal/results"
	"github.com/crossrank/crossrank/internal/stats"
)

// cutoff is how many of the first ranks nDCG and MRR count.
const cutoff = 10

// confidence is that of the intervals of an evaluation.
const confidence = 0.95

// Evaluation is how well the first stage and the models rank the candidates of a judged collection.
type Evaluation struct {
	results.Evaluation
	Queries     int           `json:"queries"`    // that were ranked, each with a relevant document
	Pairs       int           `json:"pairs"`      // candidates of all of them
	Confidence  float64       `json:"confidence"` // of intervals, by bootstrap over the queries
	Resamples   int           `json:"resamples"`  // of each bootstrap and test
	Seed        int           `json:"seed"`       // of the resamples
	Test        string        `json:"test"`       // that p is of
	Measures    []Measure     `json:"measures"`
	Systems     []System      `json:"systems"` // the first stage, then the models
	Comparisons []Comparison  `json:"comparisons"`
	ByQuery     []QueryValues `json:"by_query"`
}

// Measure is a measure of a ranking, from 0 to 1, higher is better.
type Measure struct {
	Key  string `json:"key"`
	Name string `json:"name"`

	of func(ranked, judged []float64) float64
}

// System is what ranks.
type System struct {
	Label  string              `json:"label"`
	Values map[string]Estimate `json:"measures"` // by key
	Speed  *RankingSpeed       `json:"speed"`    // nil of the first stage
}

// Estimate is a mean over the queries, and the interval of it.
type Estimate struct {
	Mean Value `json:"mean"`
	Low  Value `json:"low"`
	High Value `json:"high"`
}

// RankingSpeed is how fast a model scored the candidates.
type RankingSpeed struct {
	PairsPerSecond  Value `json:"pairs_per_s"`
	Pairs           int   `json:"pairs"`
	Seconds         Value `json:"seconds"`        // of all its requests
	EngineSeconds   Value `json:"engine_seconds"` // of them, as the scorer reports them
	Tokens          int   `json:"tokens"`
	TruncatedTokens int   `json:"truncated_tokens"`
}

// QueryValues are the measures of one query.
type QueryValues struct {
	ID       string               `json:"id"`
	Text     string               `json:"text"`
	Relevant int                  `json:"relevant"` // judged documents, candidates or not
	Found    int                  `json:"found"`    // relevant documents among the candidates
	Values   map[string][]float64 `json:"measures"` // by key, one for each system
}

// measuresOf lists the measures of an evaluation.
func measuresOf(recallAt []int) []Measure {
	all := []Measure{
		{fmt.Sprintf("ndcg_%d", cutoff), fmt.Sprintf("nDCG@%d", cutoff), func(ranked, judged []float64) float64 { return stats.NDCG(ranked, judged, cutoff) }},
		{fmt.Sprintf("mrr_%d", cutoff), fmt.Sprintf("MRR@%d", cutoff), func(ranked, _ []float64) float64 { return stats.ReciprocalRank(ranked, cutoff) }},
		{"map", "MAP", stats.AveragePrecision},
	}
	for _, k := range recallAt {
		all = append(all, Measure{fmt.Sprintf("recall_%d", k), fmt.Sprintf("Recall@%d", k),
			func(ranked, judged []float64) float64 { return stats.Recall(ranked, judged, k) }})
	}
	return all
}

// evaluationOf works out the figures of an evaluation, or nil if nothing was ranked.
func evaluationOf(res *results.Results, configurations []Configuration) *Evaluation {
	if res.Evaluation == nil {
		return nil
	}
	e := &Evaluation{
		Evaluation: *res.Evaluation, Queries: len(res.Rankings), Measures: measuresOf(res.Evaluation.RecallAt),
		Confidence: confidence, Resamples: stats.Resamples, Seed: stats.ResampleSeed, Test: "paired randomization, two-sided",
	}
	for i := range res.Rankings {
		e.Pairs += len(res.Rankings[i].Documents)
		e.ByQuery = append(e.ByQuery, e.valuesOf(&res.Rankings[i]))
	}
	e.Systems = append(e.Systems, System{Label: res.Evaluation.FirstStage})
	for i, m := range res.Evaluation.Models {
		s := System{Label: m.Label}
		if i < len(configurations) {
			s.Speed = speedOf(&configurations[i], res.Configurations[i].Requests)
		}
		e.Systems = append(e.Systems, s)
	}
	for i := range e.Systems {
		e.Systems[i].Values = map[string]Estimate{}
		for _, m := range e.Measures {
			e.Systems[i].Values[m.Key] = estimate(e.column(m.Key, i))
		}
	}
	for other := 1; other < len(e.Systems); other++ {
		e.Comparisons = append(e.Comparisons, e.compare(0, other))
	}
	if len(e.Systems) > 2 { // the first model with the one that it is measured against
		e.Comparisons = append(e.Comparisons, e.compare(2, 1))
	}
	return e
}

// Ranked returns the documents of a query in the order of a system, and what it scored them: system
// 0 is the first stage.
func Ranked(r *results.Ranking, system int) (order []int, scores []float64) {
	scores = make([]float64, len(r.Documents))
	for i := range r.Documents {
		if scores[i] = r.Documents[i].First; system > 0 {
			scores[i] = float64(r.Documents[i].Scores[system-1])
		}
	}
	return stats.RankOrder(scores, func(i int) string { return r.Documents[i].ID }), scores
}

// valuesOf measures the rankings of a query by all systems.
func (e *Evaluation) valuesOf(r *results.Ranking) QueryValues {
	q := QueryValues{ID: r.Query, Text: r.Text, Relevant: stats.CountRelevant(r.Judged), Values: map[string][]float64{}}
	for system := range 1 + len(e.Models) {
		order, _ := Ranked(r, system)
		grades := make([]float64, len(order))
		for rank, i := range order {
			if g := r.Documents[i].Grade; g != nil {
				grades[rank] = *g
			}
		}
		q.Found = stats.CountRelevant(grades)
		for _, m := range e.Measures {
			q.Values[m.Key] = append(q.Values[m.Key], m.of(grades, r.Judged))
		}
	}
	return q
}

// column is the values of a measure for one system, by query.
func (e *Evaluation) column(key string, system int) []float64 {
	values := make([]float64, len(e.ByQuery))
	for i := range e.ByQuery {
		values[i] = e.ByQuery[i].Values[key][system]
	}
	return values
}

func estimate(xs []float64) Estimate {
	low, high := stats.BootstrapMean(xs, confidence)
	return Estimate{Value(stats.Mean(xs)), Value(low), Value(high)}
}

func speedOf(c *Configuration, requests []results.Request) *RankingSpeed {
	s := &RankingSpeed{PairsPerSecond: c.PairsPerSecond, Pairs: c.Pairs, Seconds: Value(c.Seconds), Tokens: c.Tokens, TruncatedTokens: c.TruncatedTokens, EngineSeconds: Unmeasured}
	var engine float64
	for i := range requests {
		engine += requests[i].Compute.Seconds()
	}
	if engine > 0 {
		s.EngineSeconds = Value(engine)
	}
	return s
}
