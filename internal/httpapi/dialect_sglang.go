package httpapi

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
