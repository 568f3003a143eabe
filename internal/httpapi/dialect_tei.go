package httpapi

import (
	"net/http"

	"github.com/crossrank/crossrank"
)

var (
	// tei is the dialect of Text Embeddings Inference, and of routes that belong to no API.
	tei = &dialect{
		status: backendFailed, body: teiError, list: "texts", anyModel: true, reply: teiReply,
	}
	// elastic is the dialect of Elasticsearch's service hugging_face. Its parser refuses keys that
	// it does not know.
	elastic = &dialect{
		status: backendFailed, body: teiError, list: "documents", lax: true, anyModel: true,
		reply: teiReply,
	}
)

var backendFailed = map[crossrank.Code]int{crossrank.Internal: http.StatusFailedDependency}

// ranked is a result of Text Embeddings Inference.
type ranked struct {
	Index int       `json:"index"`
	Score relevance `json:"score"`
	Text  *string   `json:"text,omitempty"`
	extras
}

func teiReply(r *answer) any {
	out := make([]ranked, len(r.best))
	for i, b := range r.best {
		out[i] = ranked{Index: b.Index, Score: relevance(b.Score), Text: r.shownText(b.Index), extras: r.extras(b.Index)}
	}
	return out
}

// errorBody is the error of Text Embeddings Inference.
type errorBody struct {
	Error     string `json:"error"`
	ErrorType string `json:"error_type"`
	own
}

// Types of errors of Text Embeddings Inference.
const (
	validation = "Validation"
	backend    = "Backend"
	overloaded = "Overloaded"
	unhealthy  = "Unhealthy"
	empty      = "Empty"
	noKey      = "Unauthenticated" // of crossrank: the 401 of Text Embeddings Inference has no body
)

func teiError(f failure) any {
	kind := validation
	switch {
	case f.empty:
		kind = empty
	case f.code == crossrank.Unauthenticated:
		kind = noKey
	case f.code == crossrank.Overloaded:
		kind = overloaded
	case f.code == crossrank.Unavailable:
		kind = unhealthy
	case f.status >= 500, f.status == http.StatusFailedDependency, f.status == statusClientClosed:
		kind = backend
	}
	return errorBody{f.message, kind, f.own()}
}
