package httpapi

import (
	"github.com/crossrank/crossrank"
)

// rerank serves every route that ranks. The route, and on some routes the keys of the body, decide
// the dialect.
func (a *API) rerank(x *exchange) error {
	o, err := a.readObject(x)
	if err != nil {
		return err
	}
	if x.choose != nil {
		x.dialect = x.choose(x.r, o)
	}
	return a.rankings(x, o)
}

// rankings answers a ranking request in the dialect of the exchange.
func (a *API) rankings(x *exchange, o *object) error {
	rk, err := a.readRanking(x, o)
	if err != nil {
		return err
	}
	out, err := a.ranked(x, rk)
	if err != nil {
		return err
	}
	return x.reply(out)
}

// readRanking reads a ranking request in the dialect of the exchange.
func (a *API) readRanking(x *exchange, o *object) (*ranking, error) {
	list := x.dialect.list
	if list == "texts" && o.has("documents") {
		o.fail(`give "texts" or "documents", not both`)
	}
	rk := o.ranking(x.dialect, a.cfg.Limits.Documents)
	switch {
	case o.err != nil:
		return nil, o.err
	case len(rk.docs) == 0:
		return nil, refuseEmpty("%q is empty; send at least one", list)
	}
	return rk, nil
}

// ranked makes the reply to a ranking request in the dialect of the exchange.
func (a *API) ranked(x *exchange, rk *ranking) (any, error) {
	resp, kind, err := a.activated(x, rk.options)
	if err != nil {
		return nil, err
	}
	setHeaders(x.w.Header(), resp, kind)
	best := crossrank.Order(resp.Scores, rk.topN)
	if kind == crossrank.Probability && resp.ScoreType == crossrank.Logit {
		for i := range best {
			best[i].Score = crossrank.Sigmoid(best[i].Score)
		}
	}
	return x.dialect.reply(&answer{rk, x.id, best, resp, kind}), nil
}

// activated asks for the scores of a ranking, and reports what they are to become.
//
// Most APIs define the probability of a ranking as the sigmoid of the logit, so the model's own
// activation is not asked for. The order is that of the logits, which still differ where their
// sigmoids round to the same number.
func (a *API) activated(x *exchange, opts *options) (*crossrank.Response, crossrank.ScoreType, error) {
	kind := crossrank.Probability
	if opts.Raw || x.dialect.scores == logit && !opts.probability {
		kind = crossrank.Logit
	}
	opts.Raw = kind == crossrank.Logit || x.dialect.scores != models || opts.probability
	resp, err := a.ask(x, opts)
	if err != nil {
		return nil, "", err
	}
	if resp.ScoreType != crossrank.Logit {
		kind = resp.ScoreType // not computed, or already activated
	}
	return resp, kind, nil
}

// readObject reads a body that is a JSON object.
func (a *API) readObject(x *exchange) (*object, error) {
	body, err := a.readBody(x)
	if err != nil {
		return nil, err
	}
	return parseBody(body)
}
