package httpapi

// weaviate is the dialect of Weaviate's container reranker-transformers. Scores have the model's
// own activation and stand in the request's order.
var weaviate = &dialect{
	status: backendFailed, body: teiError, list: "documents", anyModel: true, scores: models,
	reply: weaviateReply,
}

type weaviateScore struct {
	Document string  `json:"document"`
	Score    float32 `json:"score"`
}

func weaviateReply(r *answer) any {
	out := make([]weaviateScore, len(r.best))
	for _, b := range r.best {
		out[b.Index] = weaviateScore{r.docs[b.Index].text, b.Score}
	}
	return struct {
		Query  string          `json:"query"`
		Scores []weaviateScore `json:"scores"`
	}{r.query, out}
}
