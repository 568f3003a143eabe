package client

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/crossrank/crossrank"
)

// overHTTP calls POST /score, which takes arbitrary pairs, and omits what a ranking does not need.
type overHTTP struct {
	base       string
	key        string // the API key, or empty
	client     *http.Client
	maxBytes   int64
	thirdParty bool // errors quote the server as a third party
}

func newHTTP(t target, secure *tls.Config, opts Options) *overHTTP {
	return &overHTTP{
		base:       t.scheme + "://" + t.hosts[0],
		key:        opts.APIKey,
		maxBytes:   int64(opts.MaxReplyBytes),
		thirdParty: opts.Dialect != Crossrank,
		client: &http.Client{
			Transport: &http.Transport{
				Proxy:               http.ProxyFromEnvironment,
				MaxIdleConnsPerHost: 1024, // one per worker of a load generator
				IdleConnTimeout:     30 * time.Second,
				DisableCompression:  true,
				TLSClientConfig:     secure,
			},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

func (h *overHTTP) score(ctx context.Context, req *crossrank.Request) (*crossrank.Response, error) {
	var out scoreReply
	body := bodyOf(req)
	if err := h.call(ctx, http.MethodPost, "/score", body, &out); err != nil {
		return nil, err
	}
	if want := cmp.Or(body.TopN, len(req.Pairs)); len(out.Data) != want {
		return nil, crossrank.Errorf(crossrank.Internal, "%s answered %d scores of %d", h.base, len(out.Data), want)
	}
	resp := &crossrank.Response{
		Scores:    slices.Repeat([]float32{crossrank.Omitted}, len(req.Pairs)),
		ScoreType: cmp.Or(out.ScoreType, crossrank.Probability), // the default of vLLM servers
		Model:     out.Model,
		Usage: crossrank.Usage{
			Tokens:          out.Usage.Total - out.Usage.Cached,
			CachedTokens:    out.Usage.Cached,
			TruncatedTokens: out.Usage.Truncated,
			PaddedTokens:    out.Usage.Padded,
		},
		Timing: crossrank.Timing(out.Timing),
	}
	seen := make([]bool, len(req.Pairs))
	for _, d := range out.Data {
		if d.Index < 0 || d.Index >= len(seen) || seen[d.Index] || d.Score == nil {
			return nil, crossrank.Errorf(crossrank.Internal, "%s: the reply does not have one score for each pair", h.base)
		}
		seen[d.Index] = true
		resp.Scores[d.Index] = *d.Score
		if d.Truncated > 0 && resp.Truncated == nil {
			resp.Truncated = make([]int, len(req.Pairs))
		}
		if d.Truncated > 0 {
			resp.Truncated[d.Index] = d.Truncated
		}
	}
	return resp, nil
}

func (h *overHTTP) info(ctx context.Context) (crossrank.Info, error) {
	var out struct {
		Crossrank *crossrank.Info `json:"crossrank"`
	}
	if err := h.call(ctx, http.MethodGet, "/info", nil, &out); err != nil {
		return crossrank.Info{}, err
	}
	if out.Crossrank == nil {
		return crossrank.Info{}, crossrank.Errorf(crossrank.Internal, "%s is not a crossrank server", h.base)
	}
	return *out.Crossrank, nil
}

func (h *overHTTP) history(ctx context.Context, since time.Time) (json.RawMessage, error) {
	path := "/api/history"
	if !since.IsZero() {
		path += "?" + url.Values{"since": {since.UTC().Format(time.RFC3339Nano)}}.Encode()
	}
	var out json.RawMessage
	err := h.call(ctx, http.MethodGet, path, nil, &out)
	return out, err
}

func (h *overHTTP) close() error {
	h.client.CloseIdleConnections()
	return nil
}

// call sends one request and decodes the JSON of a successful reply into out.
func (h *overHTTP) call(ctx context.Context, method, path string, body, out any) error {
	reply, _, err := h.exchange(ctx, method, path, body)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(reply, out); err != nil {
		return crossrank.Errorf(crossrank.Internal, "%s: the reply is not a crossrank server's JSON: %w", h.base, jsonError(err))
	}
	return nil
}

// jsonError is a decoding error without the Go types that encoding/json puts into it.
func jsonError(err error) error {
	e, ok := errors.AsType[*json.UnmarshalTypeError](err)
	switch {
	case !ok:
		return err
	case e.Field == "":
		return fmt.Errorf("byte %d has the wrong type, %s", e.Offset, e.Value)
	}
	return fmt.Errorf("%q has the wrong type or range: %s", e.Field, e.Value)
}

// exchange sends one request, with body as JSON unless it is nil, and returns the successful reply
// to it.
func (h *overHTTP) exchange(ctx context.Context, method, path string, body any) ([]byte, http.Header, error) {
	var buf bytes.Buffer
	if body != nil {
		enc := json.NewEncoder(&buf) // replaces invalid UTF-8 as valid does
		enc.SetEscapeHTML(false)
		if err := enc.Encode(body); err != nil {
			return nil, nil, fmt.Errorf("encoding the request: %w", err)
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, h.base+path, bytes.NewReader(buf.Bytes()))
	if err != nil {
		return nil, nil, crossrank.Errorf(crossrank.Internal, "%s: %w", h.base, err)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if h.key != "" {
		req.Header.Set("Authorization", "Bearer "+h.key)
	}
	// Scoring changes nothing on the server. An idempotency key, which is not sent if empty, lets
	// net/http repeat a request whose idle connection the server was just closing.
	req.Header["Idempotency-Key"] = []string{}
	resp, err := h.client.Do(req)
	if err != nil {
		return nil, nil, h.unreachable(ctx, err)
	}
	defer resp.Body.Close()
	reply, err := io.ReadAll(io.LimitReader(resp.Body, h.maxBytes+1))
	if err != nil {
		return nil, nil, h.unreachable(ctx, err)
	}
	if int64(len(reply)) > h.maxBytes {
		return nil, nil, crossrank.Errorf(crossrank.TooLarge, "%s answered more than %d bytes", h.base, h.maxBytes)
	}
	if resp.StatusCode != http.StatusOK {
		return nil, nil, h.refusal(resp, reply)
	}
	return reply, resp.Header, nil
}

// unreachable is the error for a failed connection.
func (h *overHTTP) unreachable(ctx context.Context, err error) error {
	if ctxErr := ctx.Err(); ctxErr != nil {
		return contextError(ctxErr)
	}
	if urlErr, ok := errors.AsType[*url.Error](err); ok {
		err = urlErr.Err // the rest repeats the method and the address
	}
	return crossrank.Errorf(crossrank.Unavailable, "%s: %w", h.base, err)
}
