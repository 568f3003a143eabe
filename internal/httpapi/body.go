package httpapi

import (
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
	if enc := r.Header.Get("Content-Encoding"); enc != "" && !strings.EqualFold(enc, "identity") {
		return nil, refuse(http.StatusUnsupportedMediaType, "compressed bodies are not taken; leave Content-Encoding out")
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
	return body, nil
}

func (a *API) tooLarge() error {
	return refuse(http.StatusRequestEntityTooLarge, "the body is over %d bytes; split the request", a.cfg.BodyBytes)
}
