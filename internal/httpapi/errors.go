package httpapi

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/edge"
)

// outcome is what a failure looks like from outside: a status and one of Text Embeddings Inference's error types.
type outcome struct {
	status int
	kind   string
}

const (
	validation = "Validation"
	backend    = "Backend"
	overloaded = "Overloaded"
	unhealthy  = "Unhealthy"
	empty      = "Empty"
	stranger   = "Unauthenticated" // Text Embeddings Inference has no word for it: its 401 is empty
)

// statusClientClosed is nginx's status for a caller who left before the answer; nobody sees it but the log and proxies.
const statusClientClosed = 499

// outcomes is the table from the project's codes to HTTP.
var outcomes = map[crossrank.Code]outcome{
	crossrank.InvalidArgument:  {http.StatusUnprocessableEntity, validation},
	crossrank.Unauthenticated:  {http.StatusUnauthorized, stranger},
	crossrank.NotFound:         {http.StatusNotFound, validation},
	crossrank.TooLarge:         {http.StatusRequestEntityTooLarge, validation},
	crossrank.Overloaded:       {http.StatusTooManyRequests, overloaded},
	crossrank.Unavailable:      {http.StatusServiceUnavailable, unhealthy},
	crossrank.DeadlineExceeded: {http.StatusGatewayTimeout, backend},
	crossrank.Canceled:         {statusClientClosed, backend},
	crossrank.Internal:         {http.StatusInternalServerError, backend},
}

// refusal is a failure that only HTTP knows, such as a wrong method.
type refusal struct {
	outcome
	code    crossrank.Code
	message string
}

func (e *refusal) Error() string { return e.message }

func refuse(status int, format string, args ...any) *refusal {
	e := &refusal{outcome{status, validation}, crossrank.InvalidArgument, fmt.Sprintf(format, args...)}
	switch status {
	case http.StatusNotFound:
		e.code = crossrank.NotFound
	case http.StatusRequestEntityTooLarge:
		e.code = crossrank.TooLarge
	}
	return e
}

// refuseEmpty is Text Embeddings Inference's answer to a request without anything to score.
func refuseEmpty(format string, args ...any) *refusal {
	e := refuse(http.StatusBadRequest, format, args...)
	e.kind = empty
	return e
}

// errorBody is the body of every failure. Error and ErrorType are Text Embeddings Inference's.
type errorBody struct {
	Error        string         `json:"error"`
	ErrorType    string         `json:"error_type"`
	Code         crossrank.Code `json:"code"`
	RequestID    string         `json:"request_id"`
	RetryAfterMS int64          `json:"retry_after_ms,omitempty"`
}

// fail words a failure for the caller, and logs what the caller is not told.
func (a *API) fail(w http.ResponseWriter, r *http.Request, id string, err error) {
	body := errorBody{RequestID: id}
	var out outcome
	if refused, ok := errors.AsType[*refusal](err); ok {
		out = refused.outcome
		body.Code, body.Error = refused.code, refused.message
	} else {
		fault := edge.Explain(err)
		body.Code, body.Error = fault.Code, fault.Message
		if out, ok = outcomes[fault.Code]; !ok {
			out = outcomes[crossrank.Internal]
		}
		if fault.Hidden {
			a.cfg.Log.ErrorContext(r.Context(), "request failed", "path", r.URL.Path, "request_id", id, "error", err)
		}
	}
	body.ErrorType = out.kind
	if out.status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	if e, ok := errors.AsType[*crossrank.Error](err); ok && e.RetryAfter > 0 {
		body.RetryAfterMS = max(1, e.RetryAfter.Milliseconds())
		w.Header().Set("Retry-After", strconv.FormatInt(int64((e.RetryAfter+time.Second-1)/time.Second), 10))
	}
	if err := reply(w, out.status, body); err != nil {
		a.cfg.Log.ErrorContext(r.Context(), "writing an error", "request_id", id, "error", err)
	}
}
