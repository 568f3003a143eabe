package httpapi

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/edge"
)

// refusal is a failure that only HTTP has, such as a wrong method. Its status is the same in every
// dialect.
type refusal struct {
	status  int
	code    crossrank.Code
	empty   bool
	message string
}

func (e *refusal) Error() string { return e.message }

func refuse(status int, format string, args ...any) *refusal {
	e := &refusal{status: status, code: crossrank.InvalidArgument, message: fmt.Sprintf(format, args...)}
	switch status {
	case http.StatusNotFound:
		e.code = crossrank.NotFound
	case http.StatusRequestEntityTooLarge:
		e.code = crossrank.TooLarge
	}
	return e
}

// refuseEmpty is the error of a request without anything to score.
func refuseEmpty(format string, args ...any) *refusal {
	e := refuse(http.StatusBadRequest, format, args...)
	e.empty = true
	return e
}

// fail answers with an error, and logs it with what the caller does not see.
func (a *API) fail(x *exchange, err error) {
	f := failure{id: x.id}
	var hidden error
	if refused, ok := errors.AsType[*refusal](err); ok {
		f.status, f.code, f.message, f.empty = refused.status, refused.code, refused.message, refused.empty
	} else {
		fault := edge.Explain(err)
		f.status, f.code, f.message = x.dialect.statusOf(fault.Code), fault.Code, fault.Message
		if fault.Hidden {
			hidden = err
		}
		if wait := fault.RetryAfter; wait > 0 {
			f.retryAfter = max(1, wait.Milliseconds())
			x.w.Header().Set("Retry-After", strconv.FormatInt(int64((wait+time.Second-1)/time.Second), 10))
		}
	}
	edge.LogFailure(x.r.Context(), a.cfg.Log, x.id, f.code, x.route, hidden)
	if a.cfg.Failed != nil {
		a.cfg.Failed(x.r.Context(), x.id, f.code)
	}
	if f.status == http.StatusUnauthorized {
		x.w.Header().Set("WWW-Authenticate", "Bearer")
	}
	if a.cfg.Refused != nil && !edge.FromScorer(err) {
		a.cfg.Refused(f.code)
	}
	body, err := encode(x.dialect.body(f))
	if err != nil {
		a.cfg.Log.ErrorContext(x.r.Context(), "encoding an error", "request_id", x.id, "error", err)
		return
	}
	linger := a.lingers(x, f.status)
	write(x.w, f.status, "application/json", body)
	if linger {
		a.discard(x)
	}
}

// lingers prepares a failed exchange for [API.discard], and reports whether it needs that. It does
// not where nothing more is to come: over HTTP/2, where a stream ends alone; from a caller that
// awaits leave to send its body; and from one that was too slow.
func (a *API) lingers(x *exchange, status int) bool {
	if x.r.ProtoMajor != 1 || x.r.ContentLength == 0 || x.r.Header.Get("Expect") != "" || status == http.StatusRequestTimeout {
		return false
	}
	return http.NewResponseController(x.w).EnableFullDuplex() == nil
}

// discard reads what is left of a body that is as large as one may be, after its reply. Many
// callers send all of a request before they read. If the connection were closed before, they would
// see a reset instead of the reply.
func (a *API) discard(x *exchange) {
	x.held.Release()
	if http.NewResponseController(x.w).Flush() == nil {
		_, _ = io.Copy(io.Discard, io.LimitReader(x.r.Body, a.cfg.BodyBytes)) // bounded by the server's read timeout
	}
}
