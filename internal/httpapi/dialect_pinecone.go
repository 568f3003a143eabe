package httpapi

import (
	"github.com/go-json-experiment/json/jsontext"

	"github.com/crossrank/crossrank"
)

// pineconeVersion is the header that marks Pinecone's clients.
const pineconeVersion = "X-Pinecone-Api-Version"

// pinecone is the dialect of Pinecone, whose documents come back as they were.
var pinecone = &dialect{
	status: badRequest, body: pineconeError, list: "documents", shown: true, lax: true,
	keys: pineconeKeys, reply: pineconeReply,
}

// pineconeKeys reads the parameters of a hosted model. Those that would change scores are refused.
func pineconeKeys(o *object) {
	if !o.has("parameters") {
		return
	}
	inner, err := parseObject(o.fields["parameters"])
	if err != nil {
		o.fail(`"parameters" must be an object`)
		return
	}
	for name := range inner.fields {
		if name != "truncate" {
			o.fail(`"parameters" has %.40q, which is not supported; leave it out`, name)
		}
	}
	if inner.has("truncate") {
		inner.truncateWord("truncate")
		if inner.err != nil {
			o.fail(`"parameters": %v`, inner.err)
		}
		o.fields["truncate"] = inner.fields["truncate"]
	}
}

// pineconeResult is a result of Pinecone.
type pineconeResult struct {
	Index    int            `json:"index"`
	Document jsontext.Value `json:"document,omitempty"`
	Score    float32        `json:"score"`
}

func pineconeReply(r *answer) any {
	out := make([]pineconeResult, len(r.best))
	for i, b := range r.best {
		out[i] = pineconeResult{Index: b.Index, Score: b.Score}
		if r.returnDoc {
			out[i].Document = r.docs[b.Index].raw
		}
	}
	type units struct {
		RerankUnits int `json:"rerank_units"`
	}
	return struct {
		Model string           `json:"model"`
		Data  []pineconeResult `json:"data"`
		Usage units            `json:"usage"`
	}{r.resp.Model, out, units{r.searchUnits()}}
}

func pineconeError(f failure) any {
	type named struct {
		Code    crossrank.Code `json:"code"`
		Message string         `json:"message"`
	}
	return struct {
		Error  named `json:"error"`
		Status int   `json:"status"`
		own
	}{named{f.code, f.message}, f.status, f.own()}
}
