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
)

// readBody reads the whole body of a request that must be JSON.
func (a *API) readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	given := r.Header.Get("Content-Type")
	kind, _, err := mime.ParseMediaType(given)
	if err != nil || kind != "application/json" && !strings.HasSuffix(kind, "+json") {
		// A page on another site can make a browser send any other type here without asking, but not this one.
		return nil, refuse(http.StatusUnsupportedMediaType, "the body must be JSON; set Content-Type: application/json")
	}
	packed := false
	switch enc := strings.ToLower(r.Header.Get("Content-Encoding")); enc {
	case "", "identity":
	case "gzip", "x-gzip":
		packed = true
	default:
		return nil, refuse(http.StatusUnsupportedMediaType, "of compressed bodies only those of gzip are taken")
	}
	if r.ContentLength > a.cfg.BodyBytes {
		return nil, a.tooLarge()
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, a.cfg.BodyBytes))
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, a.tooLarge()
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return nil, refuse(http.StatusRequestTimeout, "the body took too long to arrive")
	}
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "the body ended early")
	}
	// The server's read timeout is for the body. Left in place, it would end the request's context while a request
	// that arrived in time still waits for its scores. (A writer that is not net/http's own has no such timeout.)
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
	if packed {
		return a.unpack(body)
	}
	return body, nil
}

// unpack is gzip's inverse. It stops where the result is over the limit, whatever is left of the input.
func (a *API) unpack(body []byte) ([]byte, error) {
	broken := refuse(http.StatusBadRequest, "the body is not what gzip makes, as its Content-Encoding says")
	z, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return nil, broken
	}
	out, err := io.ReadAll(io.LimitReader(z, a.cfg.BodyBytes+1))
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
