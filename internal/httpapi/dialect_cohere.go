package httpapi

import "github.com/crossrank/crossrank"

// cohere is the dialect of Cohere's second version.
var cohere = &dialect{
	status: badRequest, body: cohereError, list: "documents", keys: cohereKeys, reply: cohereReply,
}

// cohereKeys sets the default of Cohere's second version.
func cohereKeys(o *object) {
	if !o.has("max_tokens_per_doc") && !o.has("max_doc_length") {
		o.set("max_tokens_per_doc", "4096")
	}
}

func cohereReply(r *answer) any {
	return struct {
		ID        string              `json:"id"`
		Results   []reranked          `json:"results"`
		Meta      *meta               `json:"meta"`
		ScoreType crossrank.ScoreType `json:"score_type"`
	}{r.id, r.reranked(), r.meta(metaTokens{InputTokens: r.tokens()}, "2"), r.kind}
}

type meta struct {
	APIVersion  apiVersion  `json:"api_version"`
	BilledUnits billedUnits `json:"billed_units"`
	Tokens      metaTokens  `json:"tokens"`
}

type apiVersion struct {
	Version string `json:"version"`
}

type billedUnits struct {
	SearchUnits int `json:"search_units"`
}

type metaTokens struct {
	InputTokens  int  `json:"input_tokens"`
	OutputTokens *int `json:"output_tokens,omitempty"` // always 0, where clients add it up
}

// documentsPerUnit is the number of documents in one search unit of Cohere.
const documentsPerUnit = 100

func (r *answer) searchUnits() int { return (len(r.docs) + documentsPerUnit - 1) / documentsPerUnit }

func (r *answer) meta(tokens metaTokens, version string) *meta {
	return &meta{apiVersion{version}, billedUnits{r.searchUnits()}, tokens}
}

func cohereError(f failure) any {
	return struct {
		ID      string `json:"id"`
		Message string `json:"message"`
		own
	}{f.id, f.message, f.own()}
}
