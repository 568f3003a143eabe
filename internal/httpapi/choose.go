package httpapi

import "net/http"

// A choice finds the dialect of a body, where APIs share a route.
type choice func(r *http.Request, o *object) *dialect

// onRerank is for "/rerank", the route of Text Embeddings Inference.
func onRerank(r *http.Request, o *object) *dialect {
	switch {
	case o.has("texts"), !o.has("documents"):
		return tei // also says what is missing
	case r.Header.Get(pineconeVersion) != "":
		return pinecone
	case o.fields["property"] != nil:
		return weaviate
	}
	return shared
}

// onRoot is for "/".
func onRoot(_ *http.Request, o *object) *dialect {
	if o.has("texts") || !o.has("documents") {
		return tei
	}
	return elastic
}

// onReranking is for the routes of llama.cpp, one of which is Mixedbread's too.
func onReranking(_ *http.Request, o *object) *dialect {
	switch {
	case o.has("texts"):
		return tei
	case o.has("input"):
		return mixedbread
	}
	return llama
}

// onV1 is for "/v1/rerank", the route of Jina, Cohere's first version and Voyage.
func onV1(_ *http.Request, o *object) *dialect {
	switch {
	case o.has("texts"):
		return tei
	case (o.has("top_k") || o.has("truncation")) && !o.has("top_n") && !o.has("max_doc_length"):
		return voyage
	}
	return jina
}
