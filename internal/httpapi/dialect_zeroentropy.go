package httpapi

// zeroentropy is the dialect of ZeroEntropy.
var zeroentropy = &dialect{body: jinaError, list: "documents", lax: true, reply: zeroentropyReply}

func zeroentropyReply(r *answer) any {
	bytes := 0
	for _, p := range r.options.Pairs {
		bytes += len(p.Query) + len(p.Passage)
	}
	return struct {
		Results     []reranked `json:"results"`
		TotalBytes  int        `json:"total_bytes"`
		TotalTokens int        `json:"total_tokens"`
		Latency     float64    `json:"e2e_latency"` // seconds
		Inference   float64    `json:"inference_latency"`
		Mode        string     `json:"actual_latency_mode"`
	}{r.reranked(), bytes, r.tokens(), r.resp.Timing.Total.Seconds(), r.resp.Timing.Compute.Seconds(), "fast"}
}
