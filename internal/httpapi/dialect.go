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

// dialect is the API of one maker, as its clients expect it: its errors and, where it ranks, the
// keys of its requests and the form of its replies. In every dialect, an error also has the
// project's code, the id of the request and, if known, when to retry.
type dialect struct {
	status map[crossrank.Code]int // only where it differs from statuses
	body   func(failure) any

	list     string          // the key of the documents
	shown    bool            // documents are returned unless the request says otherwise
	lax      bool            // booleans and whole numbers may be strings, as in "true" and "2"
	anyModel bool            // a model that is not served means the default one
	scores   activation      // of rankings
	keys     func(o *object) // turns the API's own keys into the shared ones; may be nil
	reply    func(r *answer) any
}

// activation is what a dialect's scores are, unless the request says otherwise.
type activation int

const (
	sigmoid activation = iota // the sigmoid of the logit, whatever the model's own activation
	logit
	models // the model's own activation
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
