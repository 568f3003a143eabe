package httpapi

// voyage is the dialect of Voyage. It has a base path of its own, and the bodies of "/v1/rerank"
// that have keys of it alone.
var voyage = &dialect{body: jinaError, list: "documents", lax: true, reply: voyageReply}

// voyageResult is a result of Voyage, whose documents are strings.
type voyageResult struct {
	Relevance relevance `json:"relevance_score"`
	Index     int       `json:"index"`
	Document  *string   `json:"document,omitempty"`
	extras
}

type totalTokens struct {
	TotalTokens int `json:"total_tokens"`
}

func voyageReply(r *answer) any {
	out := make([]voyageResult, len(r.best))
	for i, b := range r.best {
		out[i] = voyageResult{relevance(b.Score), b.Index, r.shownText(b.Index), r.extras(b.Index)}
	}
	return struct {
		Object string         `json:"object"`
		Data   []voyageResult `json:"data"`
		Model  string         `json:"model"`
		Usage  totalTokens    `json:"usage"`
	}{"list", out, r.resp.Model, totalTokens{r.tokens()}}
}
