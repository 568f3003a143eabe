package httpapi

import (
	"github.com/crossrank/crossrank"
)

// ranking is a request to rank documents, in any dialect.
type ranking struct {
	query     string
	docs      []document
	options   *options
	topN      int
	returnDoc bool
}

// rerank serves every route that ranks. The route and, on some routes, whether the body has "texts"
// or "documents" decide the dialect of the reply.
func (a *API) rerank(x *exchange) error {
	o, err := a.readObject(x)
	if err != nil {
		return err
	}
	list := "documents"
	if x.dialect != cohere && o.has("texts") {
		list, x.dialect = "texts", tei
	} else if x.dialect == tei && o.has("documents") {
		x.dialect = llama
	} else if x.dialect == tei {
		list = "texts" // reported as missing
	}
	if list == "texts" && o.has("documents") {
		o.fail(`give "texts" or "documents", not both`)
	}
	rk := o.ranking(list, a.cfg.Limits.Documents)
	if x.dialect == cohere {
		o.cohere(rk)
	}
	switch {
	case o.err != nil:
		return o.err
	case len(rk.docs) == 0:
		return refuseEmpty("%q is empty; send at least one", list)
	}
	for _, doc := range rk.docs {
		rk.options.Pairs = append(rk.options.Pairs, crossrank.Pair{Query: rk.query, Passage: doc.text})
	}

	// These APIs define the probability of a ranking as the sigmoid of the logit, so the model's
	// own activation is not asked for. The order is that of the logits, which still differ where
	// their sigmoids round to the same number.
	kind := crossrank.Probability
	if rk.options.Raw {
		kind = crossrank.Logit
	}
	rk.options.Raw = true
	resp, err := a.ask(x, rk.options)
	if err != nil {
		return err
	}
	if resp.ScoreType != crossrank.Logit {
		kind = resp.ScoreType // not computed, or already activated by the scorer
	}
	setHeaders(x.w.Header(), resp, kind)
	best := crossrank.Order(resp.Scores, rk.topN)
	if kind == crossrank.Probability && resp.ScoreType == crossrank.Logit {
		for i := range best {
			best[i].Score = crossrank.Sigmoid(best[i].Score)
		}
	}
	return x.reply(rk.reply(x, best, resp, kind))
}

// ranking reads the keys that the dialects share.
func (o *object) ranking(list string, most int) *ranking {
	rk := &ranking{query: o.query(), docs: o.documents(list, most), options: o.options()}
	if name := o.oneOf("top_n", "top_k"); name != "" {
		rk.topN = o.count(name)
	}
	if name := o.oneOf("return_documents", "return_text"); name != "" {
		rk.returnDoc = o.flag(name)
	}
	return rk
}

// query reads the query: a string or, as in Jina, an object with a text.
func (o *object) query() string {
	if !o.has("query") || o.fields["query"].Kind() != '{' {
		return o.text("query", true)
	}
	inner, err := parseObject(o.fields["query"])
	if err != nil {
		o.failWith(err)
		return ""
	}
	text := inner.text("text", true)
	if inner.err != nil {
		o.fail(`"query": %v`, inner.err)
	}
	return text
}

// cohere applies what only Cohere's second version has.
func (o *object) cohere(rk *ranking) {
	if rk.options.MaxPassage == 0 {
		rk.options.MaxPassage = 4096
	}
}

// readObject reads a body that is a JSON object.
func (a *API) readObject(x *exchange) (*object, error) {
	body, err := a.readBody(x)
	if err != nil {
		return nil, err
	}
	return parseObject(body)
}
