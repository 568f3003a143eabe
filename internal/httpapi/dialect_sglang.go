package httpapi

import "github.com/crossrank/crossrank"

// sglang is the dialect of SGLang, whose reply is a list. Its route is the one of Jina, so it has a
// base path of its own.
var sglang = &dialect{
	status: badRequest, body: vllmError, list: "documents", shown: true, lax: true, reply: sglangReply,
}

// sglangResult is a result of SGLang.
type sglangResult struct {
	Score    float32   `json:"score"`
	Document *string   `json:"document"`
	Index    int       `json:"index"`
	Meta     *struct{} `json:"meta_info"` // always null
}

func sglangReply(r *answer) any {
	out := make([]sglangResult, len(r.best))
	for i, b := range r.best {
		out[i] = sglangResult{Score: b.Score, Document: r.shownText(b.Index), Index: b.Index}
	}
	return out
}

// sglangScored is the reply to a scoring request of SGLang: a list for each item, with one score
// for each label. A cross-encoder has one label.
type sglangScored struct {
	Scores [][]float32 `json:"scores"`
	Model  string      `json:"model"`
	Usage  usage       `json:"usage"`
	Object string      `json:"object"`
}

// isSGLangScore reports whether a body of /v1/score is SGLang's: vLLM has queries beside items.
func isSGLangScore(o *object) bool { return o.has("query") && o.has("items") }

// sglangScore is POST /v1/score of SGLang: one query with each of several items, in the request's
// order.
func (a *API) sglangScore(x *exchange, o *object) error {
	for _, key := range []string{"label_token_ids", "return_pooled_hidden_states"} {
		if value := string(o.fields[key]); o.has(key) && value != "[]" && value != "false" {
			o.fail("%q is not supported: a cross-encoder has one score for each item, and nothing else; leave it out", key)
		}
	}
	opts, err := a.pairing(o, "query", "items")
	if err != nil {
		return err
	}
	if o.flag("item_first") {
		for i, p := range opts.Pairs {
			opts.Pairs[i] = crossrank.Pair{Query: p.Passage, Passage: p.Query}
		}
	}
	if o.flag("apply_softmax") && !opts.Raw {
		opts.probability = true // the sigmoid is the softmax of the logit and of 0
	}
	if o.err != nil {
		return o.err
	}
	resp, err := a.scored(x, opts)
	if err != nil {
		return err
	}
	out := sglangScored{Model: resp.Model, Object: "scoring", Usage: usage{PromptTokens: tokensRead(resp), TotalTokens: tokensRead(resp)}}
	for _, score := range resp.Scores {
		out.Scores = append(out.Scores, []float32{score})
	}
	return x.reply(out)
}
