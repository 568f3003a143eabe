package results

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/crossrank/crossrank"
)

// Evaluation says what the rankings of a run are of. A run has one or none.
type Evaluation struct {
	Collection     string   `json:"collection"` // the folder's name
	Hash           string   `json:"hash"`       // "sha256:…" of its files
	Documents      int      `json:"documents"`  // of the collection
	Planned        int      `json:"planned_queries"`
	FirstStage     string   `json:"first_stage"` // "BM25", or the name of a run file
	FirstStageHash string   `json:"first_stage_hash,omitempty"`
	Candidates     int      `json:"candidates"` // a query at most, the best of the first stage
	RecallAt       []int    `json:"recall_at"`  // ranks at which recall is counted
	Notes          []string `json:"notes,omitempty"`

	Models []EvaluatedModel `json:"models"` // in the order of the scores of documents, one configuration each
}

// EvaluatedModel is a model that ranked.
type EvaluatedModel struct {
	Label  string         `json:"label"`  // short, and another for each model of a run
	Target string         `json:"target"` // "in process", or the server's address
	Info   crossrank.Info `json:"info"`
}

// Ranking is a query with its candidates, as the first stage and the models scored them.
type Ranking struct {
	Query     string           `json:"query"` // its id
	Text      string           `json:"text"`
	Judged    []float64        `json:"judged"`    // grades of all judgments for the query, candidates or not
	Documents []RankedDocument `json:"documents"` // in the order of the first stage
}

// RankedDocument is a candidate.
type RankedDocument struct {
	ID     string    `json:"id"`
	Grade  *float64  `json:"grade,omitempty"` // nil without a judgment
	First  float64   `json:"first"`           // score of the first stage
	Scores []float32 `json:"scores"`          // one for each model
	Text   string    `json:"text,omitempty"`  // its beginning, if a model or the first stage ranks it high
}

// Evaluation writes what the rankings are of, before the first of them.
func (w *Writer) Evaluation(e Evaluation) error { return w.line(kindEvaluation, e) }

// Ranking writes the ranking of a query.
func (w *Writer) Ranking(r Ranking) error { return w.line(kindRanking, r) }

func (rd *reader) evaluation(line []byte) error {
	if rd.results.Evaluation != nil {
		return errors.New("a second one in the file")
	}
	e := new(Evaluation)
	if err := json.Unmarshal(line, e); err != nil {
		return err
	}
	if len(e.Models) == 0 {
		return errors.New("no models")
	}
	rd.results.Evaluation = e
	return nil
}

func (rd *reader) ranking(line []byte) error {
	if rd.results.Evaluation == nil {
		return fmt.Errorf("no line of the kind %q before it", kindEvaluation)
	}
	var r Ranking
	if err := json.Unmarshal(line, &r); err != nil {
		return err
	}
	for _, d := range r.Documents {
		if got, want := len(d.Scores), len(rd.results.Evaluation.Models); got != want {
			return fmt.Errorf("document %q of query %q has %d scores, but there are %d models", d.ID, r.Query, got, want)
		}
	}
	rd.results.Rankings = append(rd.results.Rankings, r)
	return nil
}

// Public returns e without the folders of this machine; see [Run.Public].
func (e Evaluation) Public() Evaluation {
	models := make([]EvaluatedModel, len(e.Models))
	for i, m := range e.Models {
		m.Info.Model = PublicPath(m.Info.Model)
		models[i] = m
	}
	e.Models = models
	return e
}
