package httpapi

// mixedbread is the dialect of Mixedbread.
var mixedbread = &dialect{
	body: jinaError, list: "input", lax: true, keys: mixedbreadKeys, reply: mixedbreadReply,
}

func mixedbreadKeys(o *object) {
	if o.flag("rewrite_query") {
		o.fail(`"rewrite_query" is not supported: it would score another query; leave it out`)
	}
}

// mixedbreadResult is a result of Mixedbread.
type mixedbreadResult struct {
	Index  int     `json:"index"`
	Score  float32 `json:"score"`
	Input  *string `json:"input"` // null unless it is asked for
	Object string  `json:"object"`
	extras
}

func mixedbreadReply(r *answer) any {
	out := make([]mixedbreadResult, len(r.best))
	for i, b := range r.best {
		out[i] = mixedbreadResult{b.Index, b.Score, r.shownText(b.Index), "rank_result", r.extras(b.Index)}
	}
	return struct {
		Usage       usage              `json:"usage"`
		Model       string             `json:"model"`
		Data        []mixedbreadResult `json:"data"`
		Object      string             `json:"object"`
		TopK        int                `json:"top_k"`
		ReturnInput bool               `json:"return_input"`
	}{r.usage(), r.resp.Model, out, "list", len(r.best), r.returnDoc}
}
