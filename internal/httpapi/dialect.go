package httpapi

import (
	"net/http"

	"github.com/crossrank/crossrank"
)

// failure is what any dialect needs to word one.
type failure struct {
	status     int
	code       crossrank.Code
	empty      bool // the request holds nothing to score
	message    string
	id         string // of the request
	retryAfter int64  // milliseconds; 0 if unknown
}

// dialect is how the clients of one API expect to be told of a failure. Every body also carries the project's own code,
// the request's id and, where it is known, when to try again.
type dialect struct {
	name   string
	status map[crossrank.Code]int // where it differs from statuses
	word   func(failure) any
}

var (
	// tei is Text Embeddings Inference's, and that of everything that belongs to no API in particular.
	tei = &dialect{name: "tei", status: map[crossrank.Code]int{crossrank.Internal: http.StatusFailedDependency}, word: wordTEI}
	// jina is Jina's and Cohere's first version, whose clients look for different keys.
	jina = &dialect{name: "jina", word: wordJina}
	// cohere is Cohere's second version.
	cohere = &dialect{name: "cohere", status: badRequest, word: wordCohere}
	// llama is llama.cpp's.
	llama = &dialect{name: "llama", status: badRequest, word: func(f failure) any { return wordOpenAI(f, llamaTypes, "server_error") }}
	// vllm is vLLM's.
	vllm = &dialect{name: "vllm", status: badRequest, word: func(f failure) any { return wordOpenAI(f, vllmTypes, "InternalServerError") }}
)

// badRequest is for APIs that do not tell a wrong value from a wrong body.
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

// statusClientClosed is nginx's status for a caller who left before the answer; nobody sees it but the log and proxies.
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

// own are the keys that crossrank adds to every dialect's error.
type own struct {
	Code         crossrank.Code `json:"code"`
	RequestID    string         `json:"request_id"`
	RetryAfterMS int64          `json:"retry_after_ms,omitempty"`
}

func (f failure) own() own { return own{f.code, f.id, f.retryAfter} }

// errorBody is Text Embeddings Inference's.
type errorBody struct {
	Error     string `json:"error"`
	ErrorType string `json:"error_type"`
	own
}

// Text Embeddings Inference's types of errors.
const (
	validation = "Validation"
	backend    = "Backend"
	overloaded = "Overloaded"
	unhealthy  = "Unhealthy"
	empty      = "Empty"
	stranger   = "Unauthenticated" // Text Embeddings Inference has no word for it: its 401 is empty
)

func wordTEI(f failure) any {
	kind := validation
	switch {
	case f.empty:
		kind = empty
	case f.code == crossrank.Unauthenticated:
		kind = stranger
	case f.code == crossrank.Overloaded:
		kind = overloaded
	case f.code == crossrank.Unavailable:
		kind = unhealthy
	case f.status >= 500, f.status == http.StatusFailedDependency, f.status == statusClientClosed:
		kind = backend
	}
	return errorBody{f.message, kind, f.own()}
}

func wordJina(f failure) any {
	return struct {
		Message string `json:"message"`
		Detail  string `json:"detail"`
		own
	}{f.message, f.message, f.own()}
}

func wordCohere(f failure) any {
	return struct {
		ID      string `json:"id"`
		Message string `json:"message"`
		own
	}{f.id, f.message, f.own()}
}

// Names of failures in the error objects of two servers that follow OpenAI's, each in words of its own.
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

func wordOpenAI(f failure, types map[crossrank.Code]string, other string) any {
	kind, ok := types[f.code]
	if !ok {
		kind = other
	}
	return struct {
		Error openAIError `json:"error"`
		own
	}{openAIError{Message: f.message, Type: kind, Code: f.status}, f.own()}
}
