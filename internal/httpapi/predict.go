package httpapi

import (
	"bytes"
	"strconv"

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
	return a.predictions(x, o)
}

// predictions answers a body with inputs.
func (a *API) predictions(x *exchange, o *object) error {
	pairs, shape := o.pairs("inputs", a.cfg.Limits.Documents)
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
	return x.reply(predicted(resp.Scores, shape))
}

// predicted is the reply to inputs of a shape.
func predicted(scores []float32, shape inputs) any {
	if shape == objects || shape == oneObject {
		flat := make([]classified, len(scores))
		for i, s := range scores {
			flat[i] = classified{decimal(s), label}
		}
		return flat
	}
	out := make([][]prediction, len(scores))
	for i, s := range scores {
		out[i] = []prediction{{s, label}}
	}
	if shape == onePair {
		return out[0]
	}
	return out
}

// inputs is the shape of a body's inputs, which the reply follows.
type inputs int

const (
	onePair   inputs = iota
	manyPair         // a list of pairs
	oneObject        // an object with text and text_pair, as pipelines of Hugging Face have it
	objects          // a list of them
)

// classified is a result of a pipeline of Hugging Face. OpenSearch reads it from SageMaker.
type classified struct {
	Score decimal `json:"score"`
	Label string  `json:"label"`
}

// decimal is written with a decimal point always: OpenSearch reads a number without one as an
// integer, and then refuses the list.
type decimal float32

// MarshalJSON implements [json.Marshaler].
func (d decimal) MarshalJSON() ([]byte, error) {
	text := strconv.AppendFloat(nil, float64(d), 'f', -1, 32)
	if !bytes.Contains(text, []byte(".")) {
		text = append(text, ".0"...)
	}
	return text, nil
}

// pairs reads a pair, which is a list of two strings or an object, or a list of at most most pairs.
func (o *object) pairs(name string, most int) (pairs []crossrank.Pair, shape inputs) {
	if !o.has(name) {
		o.fail("%q is missing; it must be a pair of strings or a list of pairs", name)
		return nil, manyPair
	}
	raw := o.fields[name]
	if raw.Kind() == '{' {
		pair, ok := pairOfObject(raw)
		if !ok {
			o.fail("%q must have a text and a text_pair", name)
		}
		return []crossrank.Pair{pair}, oneObject
	}
	switch begins(raw) {
	case '"':
		one := o.texts(name, most)
		if o.err == nil && len(one) != 2 {
			o.fail("%q has %d strings; a pair has two", name, len(one))
		}
		if o.err != nil {
			return nil, onePair
		}
		return []crossrank.Pair{{Query: one[0], Passage: one[1]}}, onePair
	case '{':
		o.list(name, "pair of text and text_pair", most, func(_ int, raw jsontext.Value) bool {
			pair, ok := pairOfObject(raw)
			pairs = append(pairs, pair)
			return ok
		})
		return pairs, objects
	}
	o.list(name, "pair of strings", most, func(_ int, raw jsontext.Value) bool {
		pair, ok := pairOf(raw)
		pairs = append(pairs, pair)
		return ok
	})
	return pairs, manyPair
}

// begins gives the kind of the first element of a list, and 0 for anything else.
func begins(list jsontext.Value) jsontext.Kind {
	if list.Kind() == '[' {
		for first := range elements(list) {
			return first.Kind()
		}
	}
	return 0
}

// pairOfObject reads an object with text and text_pair, and reports whether it is one.
func pairOfObject(raw jsontext.Value) (pair crossrank.Pair, ok bool) {
	if raw.Kind() != '{' {
		return pair, false
	}
	o, err := parseObject(raw)
	if err != nil {
		return pair, false
	}
	pair = crossrank.Pair{Query: o.text("text", true), Passage: o.text("text_pair", true)}
	return pair, o.err == nil
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
