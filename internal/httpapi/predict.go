package httpapi

import (
	"github.com/crossrank/crossrank"
	"github.com/go-json-experiment/json/jsontext"
)

// prediction is the score of a label in the reply of POST /predict of Text Embeddings Inference.
type prediction struct {
	Score float32 `json:"score"`
	Label string  `json:"label"`
}

// label is the only label of a reranker, with the name that it has in a config without names.
const label = "LABEL_0"

// predict is POST /predict of Text Embeddings Inference: one pair or several, in the request's
// order.
func (a *API) predict(x *exchange) error {
	o, err := a.readObject(x)
	if err != nil {
		return err
	}
	pairs, several := o.pairs("inputs", a.cfg.Limits.Documents)
	opts := o.options()
	switch {
	case o.err != nil:
		return o.err
	case len(pairs) == 0:
		return refuseEmpty(`"inputs" is empty; send at least one pair`)
	}
	opts.Pairs = pairs
	opts.probability = !opts.Raw
	resp, err := a.scored(x, opts)
	if err != nil {
		return err
	}
	out := make([][]prediction, len(resp.Scores))
	for i, s := range resp.Scores {
		out[i] = []prediction{{s, label}}
	}
	if !several {
		return x.reply(out[0])
	}
	return x.reply(out)
}

// pairs reads a pair, which is a list of two strings, or a list of at most most pairs, and reports
// which it was.
func (o *object) pairs(name string, most int) (pairs []crossrank.Pair, several bool) {
	if !o.has(name) {
		o.fail("%q is missing; it must be a pair of strings or a list of pairs", name)
		return nil, false
	}
	raw := o.fields[name]
	if raw.Kind() == '[' && beginsWithString(raw) {
		one := o.texts(name, most)
		if o.err == nil && len(one) != 2 {
			o.fail("%q has %d strings; a pair has two", name, len(one))
		}
		if o.err != nil {
			return nil, false
		}
		return []crossrank.Pair{{Query: one[0], Passage: one[1]}}, false
	}
	o.list(name, "pair of strings", most, func(_ int, raw jsontext.Value) bool {
		pair, ok := pairOf(raw)
		pairs = append(pairs, pair)
		return ok
	})
	return pairs, true
}

// beginsWithString reports whether the first element of a list is a string.
func beginsWithString(list jsontext.Value) bool {
	for first := range elements(list) {
		return first.Kind() == '"'
	}
	return false
}

// pairOf reads a list of two strings, and reports whether it is one. It stops at a third.
func pairOf(raw jsontext.Value) (pair crossrank.Pair, ok bool) {
	if raw.Kind() != '[' {
		return pair, false
	}
	n := 0
	for text := range elements(raw) {
		s, isText := unquote(text)
		switch {
		case !isText || n == 2:
			return pair, false
		case n == 0:
			pair.Query = s
		default:
			pair.Passage = s
		}
		n++
	}
	return pair, n == 2
}
