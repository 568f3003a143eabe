package results

import (
	"bytes"
	"reflect"
	"strings"
	"testing"

	"github.com/crossrank/crossrank"
)

func TestEvaluationReadsBack(t *testing.T) {
	grade := 2.0
	evaluation := Evaluation{Collection: "c", Hash: "sha256:1", Documents: 3, Planned: 1, FirstStage: "BM25", Candidates: 2, RecallAt: []int{10},
		Models: []EvaluatedModel{{Label: "a", Target: "in process", Info: crossrank.Info{Model: "/models/a"}}, {Label: "b", Target: "http://b:1"}}}
	ranking := Ranking{Query: "q1", Text: "fish", Judged: []float64{-1, 2}, Documents: []RankedDocument{
		{ID: "d1", Grade: &grade, First: 1.5, Scores: []float32{0.1, -7}, Text: "a fish"}, {ID: "d2", First: 1, Scores: []float32{2, 3}},
	}}
	var b bytes.Buffer
	w := NewWriter(&b)
	for _, err := range []error{w.Run(Run{}), w.Evaluation(evaluation.Public()), w.Ranking(ranking), w.End(End{Complete: true})} {
		if err != nil {
			t.Fatal(err)
		}
	}
	res, err := Read("file", &b)
	if err != nil {
		t.Fatal(err)
	}
	if evaluation.Models[0].Info.Model != "/models/a" {
		t.Error("Public changed the evaluation")
	}
	evaluation.Models[0].Info.Model = "a" // without its folder
	if !reflect.DeepEqual(*res.Evaluation, evaluation) || len(res.Rankings) != 1 || !reflect.DeepEqual(res.Rankings[0], ranking) {
		t.Errorf("got %+v and %+v", res.Evaluation, res.Rankings)
	}
}

func TestEvaluationRefusals(t *testing.T) {
	const run, evaluation = `{"kind":"run","format":1}` + "\n", `{"kind":"evaluation","models":[{}]}` + "\n"
	for _, tt := range []struct{ what, lines, want string }{
		{"two", evaluation + evaluation, "file:3: evaluation: a second one"},
		{"no models", `{"kind":"evaluation"}`, "file:2: evaluation: no models"},
		{"a ranking of nothing", `{"kind":"ranking"}`, `file:2: ranking: no line of the kind "evaluation" before it`},
		{"scores of another number", evaluation + `{"kind":"ranking","query":"q","documents":[{"id":"d","scores":[1,2]}]}`,
			`file:3: ranking: document "d" of query "q" has 2 scores, but there are 1 models`},
		{"words as scores", evaluation + `{"kind":"ranking","documents":[{"scores":["x"]}]}`, "file:3: ranking: json: cannot unmarshal"},
	} {
		if _, err := Read("file", strings.NewReader(run+tt.lines)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.what, err, tt.want)
		}
	}
}
