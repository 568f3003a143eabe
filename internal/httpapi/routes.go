package httpapi

import "net/http"

func getRoute(d *dialect, serve func(*exchange) error) route {
	return route{http.MethodGet, d, serve, nil}
}

func postRoute(d *dialect, serve func(*exchange) error) route {
	return route{http.MethodPost, d, serve, nil}
}

// serverRoutes are about the server and its models.
func (a *API) serverRoutes() map[string]route {
	return map[string]route{
		"/health":       getRoute(tei, a.ready),
		"/readyz":       getRoute(tei, a.ready),
		"/livez":        getRoute(tei, a.live),
		"/info":         getRoute(tei, a.info),
		"/v1/models":    getRoute(vllm, a.models),
		modelPath:       getRoute(vllm, a.model),
		"/api/history":  getRoute(tei, a.history),
		"/openapi.json": getRoute(tei, a.openAPI),
		"/docs":         getRoute(tei, a.docs),

		"/ping":              getRoute(tei, a.ready), // Text Embeddings Inference
		"/.well-known/ready": getRoute(tei, a.ready), // Weaviate
		"/.well-known/live":  getRoute(tei, a.live),
		"/meta":              getRoute(tei, a.info),
	}
}

// scoringRoutes are those of all dialects.
func (a *API) scoringRoutes() map[string]route {
	routes := map[string]route{
		"/rerank":           {http.MethodPost, tei, a.rerank, onRerank},
		"/reranking":        {http.MethodPost, llama, a.rerank, onReranking},
		"/v1/reranking":     {http.MethodPost, llama, a.rerank, onReranking},
		"/v1/rerank":        {http.MethodPost, jina, a.rerank, onV1},
		"/v2/rerank":        postRoute(cohere, a.rerank),
		"/voyage/v1/rerank": postRoute(voyage, a.rerank),
		"/sglang/v1/rerank": postRoute(sglang, a.rerank),
		"/sglang/v1/score":  postRoute(vllm, a.score),
		"/v1/ranking":       postRoute(nim, a.rerank),
		retrievalPath:       postRoute(nim, a.rerank),
		"/v1/models/rerank": postRoute(zeroentropy, a.rerank),
		"/api/v1/rerank":    postRoute(jina, a.rerank), // OpenRouter
		"/v1/reranks":       postRoute(jina, a.rerank), // Qwen, by OpenAI's clients

		"/compatible-api/v1/reranks": postRoute(jina, a.rerank), // the same, with Qwen's base path
		qwenPath:                     postRoute(qwen, a.rerank),

		"/providers/cohere/v2/rerank": postRoute(cohere, a.rerank), // Azure

		deepinfraPath:  postRoute(jina, a.deepinfra),
		"/":            postRoute(tei, a.root),
		"/invocations": postRoute(tei, a.root),
		"/vertex":      postRoute(tei, a.vertex),
		"/score":       postRoute(vllm, a.score),
		"/v1/score":    postRoute(vllm, a.score),
		"/predict":     postRoute(tei, a.predict),
	}
	if a.cfg.Tokenize != nil {
		routes["/tokenize"] = postRoute(tei, a.tokenize)
	}
	return routes
}
