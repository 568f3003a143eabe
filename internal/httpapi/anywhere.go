package httpapi

import (
	"net/http"

	"github.com/go-json-experiment/json/jsontext"
)

// root is POST / and /invocations, where Text Embeddings Inference, SageMaker and Elasticsearch ask
// whatever the model does.
func (a *API) root(x *exchange) error {
	o, err := a.readObject(x)
	if err != nil {
		return err
	}
	if o.has("inputs") {
		return a.predictions(x, o)
	}
	x.dialect = onRoot(x.r, o)
	return a.rankings(x, o)
}

// anywhere is POST at a path that is no route. Elasticsearch lets its users choose any; all other
// bodies than its are answered with 404.
func (a *API) anywhere(x *exchange) error {
	if x.r.Method == http.MethodPost {
		if o, err := a.readObject(x); err == nil && o.has("query") && o.has("documents") {
			x.dialect = elastic
			return a.rankings(x, o)
		}
	}
	return refuse(http.StatusNotFound, "there is nothing at this path; GET /docs lists the paths")
}

// vertex is POST /vertex of Text Embeddings Inference: several rankings in one body, as Vertex AI
// sends them.
func (a *API) vertex(x *exchange) error {
	o, err := a.readObject(x)
	if err != nil {
		return err
	}
	var instances []*object
	o.list("instances", "ranking request", a.cfg.Limits.Documents, func(_ int, raw jsontext.Value) bool {
		inner, err := parseObject(raw)
		instances = append(instances, inner)
		return err == nil
	})
	switch {
	case o.err != nil:
		return o.err
	case len(instances) == 0:
		return refuseEmpty(`"instances" is empty; send at least one`)
	}
	rankings, err := a.readRankings(x, instances)
	if err != nil {
		return err
	}
	predictions := make([]any, len(rankings))
	for i, rk := range rankings {
		if predictions[i], err = a.ranked(x, rk); err != nil {
			return err
		}
	}
	return x.reply(struct {
		Predictions []any `json:"predictions"`
	}{predictions})
}

// readRankings reads several ranking requests, which share the limits of one. All are checked
// before the first is scored.
func (a *API) readRankings(x *exchange, instances []*object) ([]*ranking, error) {
	rankings := make([]*ranking, len(instances))
	documents := 0
	for i, one := range instances {
		rk, err := a.readRanking(x, one)
		if err != nil {
			return nil, err
		}
		documents += len(rk.docs)
		if err := a.cfg.Limits.CheckCount(documents); err != nil {
			return nil, err
		}
		if err := a.cfg.Limits.CheckTexts(&rk.options.Request); err != nil {
			return nil, err
		}
		rankings[i] = rk
	}
	return rankings, nil
}
