package httpapi

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"mime"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/edge"
)

// readBody reads the whole body of a request that must be JSON. What it reads is taken from the budget as it comes, so that a
// length that is only said takes nothing from others.
func (a *API) readBody(x *exchange) ([]byte, error) {
	packed, err := a.checkKind(x.r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(&counted{http.MaxBytesReader(x.w, x.r.Body, a.cfg.BodyBytes), x.held})
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, a.tooLarge()
	}
	if full, ok := errors.AsType[*crossrank.Error](err); ok {
		return nil, full
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return nil, refuse(http.StatusRequestTimeout, "the body took too long to arrive")
	}
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "the body ended early")
	}
	// The server's read timeout is for the body. Left in place, it would end the request's context while a request
	// that arrived in time still waits for its scores. (A writer that is not net/http's own has no such timeout.)
	_ = http.NewResponseController(x.w).SetReadDeadline(time.Time{})
	if packed {
		return a.unpack(body, x.held)
	}
	return body, nil
}

// checkKind refuses a body by what is said of it before it comes, and tells whether it is packed by gzip.
func (a *API) checkKind(r *http.Request) (packed bool, err error) {
	given := r.Header.Get("Content-Type")
	kind, _, err := mime.ParseMediaType(given)
	if err != nil || kind != "application/json" && !strings.HasSuffix(kind, "+json") {
		// A page on another site can make a browser send any other type here without asking, but not this one.
		return false, refuse(http.StatusUnsupportedMediaType, "the body must be JSON; set Content-Type: application/json")
	}
	switch enc := strings.ToLower(r.Header.Get("Content-Encoding")); enc {
	case "", "identity":
	case "gzip", "x-gzip":
		packed = true
	default:
		return false, refuse(http.StatusUnsupportedMediaType, "of compressed bodies only those of gzip are taken")
	}
	if r.ContentLength > a.cfg.BodyBytes {
		return false, a.tooLarge()
	}
	return packed, a.cfg.Budget.Fits(r.ContentLength) // a length that is not known is −1, which always does
}

// counted takes what is read from a request's share, and fails once that is refused.
type counted struct {
	io.Reader
	held *edge.Reservation
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	if full := c.held.Grow(int64(n)); full != nil {
		return 0, full
	}
	return n, err
}

// unpack is gzip's inverse. It stops where the result is over the limit, whatever is left of the input.
func (a *API) unpack(body []byte, held *edge.Reservation) ([]byte, error) {
	broken := refuse(http.StatusBadRequest, "the body is not what gzip makes, as its Content-Encoding says")
	z, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return nil, broken
	}
	out, err := io.ReadAll(&counted{io.LimitReader(z, a.cfg.BodyBytes+1), held})
	if full, ok := errors.AsType[*crossrank.Error](err); ok {
		return nil, full
	}
	switch {
	case int64(len(out)) > a.cfg.BodyBytes:
		return nil, a.tooLarge()
	case err != nil:
		return nil, broken
	}
	return out, nil
}

func (a *API) tooLarge() error {
	return refuse(http.StatusRequestEntityTooLarge, "the body is over %d bytes; split the request", a.cfg.BodyBytes)
}
