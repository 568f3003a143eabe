package httpapi

import (
	"encoding/json"

	"github.com/crossrank/crossrank"
)

// ranking is a request to rank documents, in any dialect.
type ranking struct {
	query         string
	docs          []document
	options       *options
	topN          int
	returnDoc     bool
	showTruncated bool
	saysRaw       bool // the request has raw_scores, whatever it is
}

// ranking reads the keys that the dialects share.
func (o *object) ranking(d *dialect, most int) *ranking {
	o.lax = d.lax
	if d.keys != nil {
		d.keys(o)
	}
	rk := &ranking{
		query: o.query(), docs: o.documents(d.list, most), options: o.options(), returnDoc: d.shown,
		showTruncated: o.flag("return_truncated"), saysRaw: o.has("raw_scores"),
	}
	if name := o.oneOf("top_n", "top_k"); name != "" {
		rk.topN = o.count(name)
		rk.options.TopN = rk.topN
	}
	if name := o.oneOf("return_documents", "return_text", "return_input"); name != "" {
		rk.returnDoc = o.flag(name)
	}
	rk.options.Pairs = make([]crossrank.Pair, len(rk.docs))
	for i := range rk.docs {
		rk.options.Pairs[i] = crossrank.Pair{Query: rk.query, Passage: rk.docs[i].text}
	}
	return rk
}

// query reads the query: a string or, as in Jina and vLLM, an object with a text.
func (o *object) query() string {
	if !o.has("query") || o.fields["query"].Kind() != '{' {
		return o.text("query", true)
	}
	inner, err := parseObject(o.fields["query"])
	if err != nil {
		o.failWith(err)
		return ""
	}
	text := inner.textOrContent()
	if inner.err != nil {
		o.fail(`"query": %v`, inner.err)
	}
	return text
}

// answer is a ranking and its scores. A dialect makes its reply of it.
type answer struct {
	*ranking
	id   string // of the request
	best []crossrank.Ranked
	resp *crossrank.Response
	kind crossrank.ScoreType
}

// tokens is the number of tokens that the model read.
func (r *answer) tokens() int { return tokensRead(r.resp) }

// shownText is the text of a document if it is to be returned, or else nil.
func (r *answer) shownText(index int) *string {
	if !r.returnDoc {
		return nil
	}
	return &r.docs[index].text
}

// extras are the keys that crossrank adds to a result of any dialect, where they are asked for.
type extras struct {
	ID        json.RawMessage `json:"id,omitempty"`        // of the caller
	Truncated int             `json:"truncated,omitempty"` // tokens cut from the query and the document
}

func (r *answer) extras(index int) extras {
	out := extras{ID: r.docs[index].id}
	if r.showTruncated {
		out.Truncated = truncatedOf(r.resp, index)
	}
	return out
}
