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

// readBody reads the body of a request that must be JSON. Its bytes are reserved in the budget as
// they arrive, so that an announced length alone takes nothing from others.
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
	// The server's read timeout is for the body. If it stayed, it would end the context of a
	// request that arrived in time and waits for its scores. (Only net/http's own writer has such a
	// timeout.)
	_ = http.NewResponseController(x.w).SetReadDeadline(time.Time{})
	if packed {
		return a.unpack(body, x.held)
	}
	return body, nil
}

// checkKind refuses a body by its headers, and reports whether it is compressed with gzip.
func (a *API) checkKind(r *http.Request) (packed bool, err error) {
	given := r.Header.Get("Content-Type")
	if given == "" && r.Header.Get("Origin") == "" && r.Header.Get("Sec-Fetch-Site") == "" {
		given = "application/json" // of a program, such as Weaviate; browsers send one of these with every body
	}
	kind, _, err := mime.ParseMediaType(given)
	if err != nil || kind != "application/json" && !strings.HasSuffix(kind, "+json") {
		// A page of another site can make a browser send any other type without permission, but not
		// this one.
		return false, refuse(http.StatusUnsupportedMediaType, "the body must be JSON; set Content-Type: application/json")
	}
	switch enc := strings.ToLower(r.Header.Get("Content-Encoding")); enc {
	case "", "identity":
	case "gzip", "x-gzip":
		packed = true
	default:
		return false, refuse(http.StatusUnsupportedMediaType, "the only Content-Encoding accepted is gzip")
	}
	if r.ContentLength > a.cfg.BodyBytes {
		return false, a.tooLarge()
	}
	return packed, a.cfg.Budget.Fits(r.ContentLength) // an unknown length is −1, which always fits
}

// counted adds what is read to the reservation of a request, and fails if that is refused.
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

// unpack decompresses gzip. It stops when the result exceeds the limit, without reading the rest.
func (a *API) unpack(body []byte, held *edge.Reservation) ([]byte, error) {
	broken := refuse(http.StatusBadRequest, "the body is not valid gzip, which its Content-Encoding says it is")
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
