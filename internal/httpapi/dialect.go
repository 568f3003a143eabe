package httpapi

import (
	"net/http"

	"github.com/crossrank/crossrank"
)

// failure is what an error body of any dialect is made of.
type failure struct {
	status     int
	code       crossrank.Code
	empty      bool // the request has nothing to score
	message    string
	id         string // of the request
	retryAfter int64  // milliseconds; 0 = unknown
}

// dialect is the form of errors that the clients of one API expect. In every dialect, an error also
// has the project's code, the id of the request and, if known, when to retry.
type dialect struct {
	name   string
	status map[crossrank.Code]int // only where it differs from statuses
	body   func(failure) any

	anyModel bool // a model that is not served means the default one
}

var (
	// tei is the dialect of Text Embeddings Inference, and of routes that belong to no API.
	tei = &dialect{name: "tei", status: map[crossrank.Code]int{crossrank.Internal: http.StatusFailedDependency}, body: teiError, anyModel: true}
	// jina is the dialect of Jina and of the first version of Cohere, whose clients read different
	// keys.
	jina = &dialect{name: "jina", body: jinaError}
	// cohere is the dialect of Cohere's second version.
	cohere = &dialect{name: "cohere", status: badRequest, body: cohereError}
	// llama is the dialect of llama.cpp.
	llama = &dialect{name: "llama", status: badRequest, body: func(f failure) any { return openAIBody(f, llamaTypes, "server_error") }}
	// vllm is the dialect of vLLM.
	vllm = &dialect{name: "vllm", status: badRequest, body: func(f failure) any { return openAIBody(f, vllmTypes, "InternalServerError") }}
)

// badRequest is for APIs that use one status for invalid values and for malformed bodies.
var badRequest = map[crossrank.Code]int{crossrank.InvalidArgument: http.StatusBadRequest}

// statuses is the table from the project's codes to HTTP.
var statuses = map[crossrank.Code]int{
	crossrank.InvalidArgument:  http.StatusUnprocessableEntity,
	crossrank.Unauthenticated:  http.StatusUnauthorized,
	crossrank.NotFound:         http.StatusNotFound,
	crossrank.TooLarge:         http.StatusRequestEntityTooLarge,
	crossrank.Overloaded:       http.StatusTooManyRequests,
	crossrank.Unavailable:      http.StatusServiceUnavailable,
	crossrank.DeadlineExceeded: http.StatusGatewayTimeout,
	crossrank.Canceled:         statusClientClosed,
	crossrank.Internal:         http.StatusInternalServerError,
}

// statusClientClosed is nginx's status for a canceled request. Only the log and proxies see it.
const statusClientClosed = 499

// statusOf is the dialect's status for a code.
func (d *dialect) statusOf(code crossrank.Code) int {
	if status, ok := d.status[code]; ok {
		return status
	}
	if status, ok := statuses[code]; ok {
		return status
	}
	return d.statusOf(crossrank.Internal)
}

// own are the keys that crossrank adds to every error.
type own struct {
	Code         crossrank.Code `json:"code"`
	RequestID    string         `json:"request_id"`
	RetryAfterMS int64          `json:"retry_after_ms,omitempty"`
}

func (f failure) own() own { return own{f.code, f.id, f.retryAfter} }

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

func jinaError(f failure) any {
	return struct {
		Message string `json:"message"`
		Detail  string `json:"detail"`
		own
	}{f.message, f.message, f.own()}
}

func cohereError(f failure) any {
	return struct {
		ID      string `json:"id"`
		Message string `json:"message"`
		own
	}{f.id, f.message, f.own()}
}

// Types of errors of two servers whose error objects are like OpenAI's.
var (
	llamaTypes = map[crossrank.Code]string{
		crossrank.InvalidArgument: "invalid_request_error",
		crossrank.Unauthenticated: "authentication_error",
		crossrank.NotFound:        "not_found_error",
		crossrank.TooLarge:        "invalid_request_error",
		crossrank.Overloaded:      "unavailable_error",
		crossrank.Unavailable:     "unavailable_error",
	}
	vllmTypes = map[crossrank.Code]string{
		crossrank.InvalidArgument: "BadRequestError",
		crossrank.Unauthenticated: "Unauthorized",
		crossrank.NotFound:        "NotFoundError",
		crossrank.TooLarge:        "BadRequestError",
		crossrank.Overloaded:      "TooManyRequestsError",
		crossrank.Unavailable:     "ServiceUnavailableError",
	}
)

type openAIError struct {
	Message string  `json:"message"`
	Type    string  `json:"type"`
	Param   *string `json:"param"`
	Code    int     `json:"code"` // the status
}

func openAIBody(f failure, types map[crossrank.Code]string, other string) any {
	kind, ok := types[f.code]
	if !ok {
		kind = other
	}
	return struct {
		Error openAIError `json:"error"`
		own
	}{openAIError{Message: f.message, Type: kind, Code: f.status}, f.own()}
}
