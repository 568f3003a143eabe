package client

import (
	"encoding/json"
	"fmt"

	"github.com/crossrank/crossrank"
)

// tei is Text Embeddings Inference's POST /rerank, and POST /predict for pairs of several queries.
type tei struct {
	raw     bool
	predict bool
}

// teiOptions are the keys of both.
type teiOptions struct {
	Raw       bool   `json:"raw_scores"`
	Truncate  bool   `json:"truncate"`
	Direction string `json:"truncation_direction,omitempty"`
}

func (t *tei) encode(req *crossrank.Request) (string, any) {
	opts := teiOptions{Raw: req.Raw, Truncate: req.Truncation != crossrank.TruncateNever}
	if req.Truncation == crossrank.TruncateLeft {
		opts.Direction = "Left"
	}
	t.raw, t.predict = req.Raw, queries(req.Pairs) > 1
	if !t.predict {
		return "/rerank", struct {
			Query string   `json:"query"`
			Texts []string `json:"texts"`
			teiOptions
		}{req.Pairs[0].Query, passages(req.Pairs), opts}
	}
	inputs := make([][2]string, len(req.Pairs))
	for i, p := range req.Pairs {
		inputs[i] = [2]string{p.Query, p.Passage}
	}
	return "/predict", struct {
		Inputs [][2]string `json:"inputs"`
		teiOptions
	}{inputs, opts}
}

func (t *tei) decode(reply []byte) (decoded, error) {
	a := decoded{scoreType: crossrank.Probability}
	if t.raw {
		a.scoreType = crossrank.Logit
	}
	if t.predict {
		return t.readPredictions(a, reply)
	}
	var ranks []struct {
		Index *int     `json:"index"`
		Score *float32 `json:"score"`
	}
	if err := json.Unmarshal(reply, &ranks); err != nil {
		return a, err
	}
	for _, r := range ranks {
		a.scores = append(a.scores, indexedScore{r.Index, r.Score})
	}
	return a, nil
}

// readPredictions reads one list of labels per pair, in the order of the pairs.
func (t *tei) readPredictions(a decoded, reply []byte) (decoded, error) {
	var predictions [][]struct {
		Score *float32 `json:"score"`
	}
	if err := json.Unmarshal(reply, &predictions); err != nil {
		return a, err
	}
	for i, labels := range predictions {
		if len(labels) != 1 {
			return a, fmt.Errorf("it has %d labels for a pair; a reranker has one", len(labels))
		}
		a.scores = append(a.scores, indexedScore{&i, labels[0].Score})
	}
	return a, nil
}
