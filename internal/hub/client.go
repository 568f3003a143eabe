package hub

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// The most redirects that are followed for one request.
const maxRedirects = 10

// client makes requests of the hub. It is safe for concurrent use.
type client struct {
	http     *http.Client // follows no redirect
	endpoint *url.URL
	token    string        // goes to the endpoint only; may be empty
	agent    string        // User-Agent
	timeout  time.Duration // of a connection that brings nothing
}

func newClient(e Environment, agent string) (*client, error) {
	endpoint, err := parseEndpoint(e.Endpoint)
	if err != nil {
		return nil, fmt.Errorf("HF_ENDPOINT is %q: %w", e.Endpoint, err)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.DisableCompression = true // a range is one of the file, not of its compressed form
	transport.MaxIdleConnsPerHost = maxParallel
	return &client{
		http: &http.Client{
			Transport:     transport,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		endpoint: endpoint, token: e.Token, agent: agent, timeout: e.Timeout,
	}, nil
}

func (c *client) close() { c.http.CloseIdleConnections() }

// url makes an address at the endpoint of elements that are escaped, slashes included.
func (c *client) url(path string, query url.Values) *url.URL {
	u := *c.endpoint
	u.RawPath = strings.TrimRight(u.EscapedPath(), "/") + path
	u.Path, _ = url.PathUnescape(u.RawPath) // made by escaping
	u.RawQuery = query.Encode()
	return &u
}

// get requests u and follows its redirects. The response has a status below 300 and a body that
// ends when the connection brings nothing for a while; the caller closes it. Another status is an
// *Error.
func (c *client) get(ctx context.Context, u *url.URL, header http.Header) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	watch := time.AfterFunc(c.timeout, func() { cancel(errStalled) })
	resp, err := c.follow(ctx, u, header)
	if err != nil {
		watch.Stop()
		if cause := context.Cause(ctx); errors.Is(cause, errStalled) {
			err = fmt.Errorf("%s: %w", u.Host, cause)
		}
		cancel(nil)
		return nil, err
	}
	resp.Body = &watchedBody{ReadCloser: resp.Body, ctx: ctx, cancel: cancel, watch: watch, timeout: c.timeout}
	return resp, nil
}

func (c *client) follow(ctx context.Context, u *url.URL, header http.Header) (*http.Response, error) {
	for range maxRedirects + 1 {
		resp, err := c.once(ctx, http.MethodGet, u, header)
		if err != nil {
			return nil, err
		}
		if resp.StatusCode < 300 {
			return resp, nil
		}
		next := resp.Header.Get("Location")
		if !isRedirect(resp.StatusCode) || next == "" {
			err := newError(resp, c.sameOrigin(u))
			resp.Body.Close()
			return nil, err
		}
		resp.Body.Close()
		if u, err = redirect(u, next); err != nil {
			return nil, err
		}
	}
	return nil, &permanent{fmt.Errorf("%s: more than %d redirects", c.endpoint.Host, maxRedirects)}
}

// head asks for the headers of a file. It follows redirects at the endpoint, but not those to other
// servers: those do not know what the hub says of the file.
func (c *client) head(ctx context.Context, u *url.URL) (*http.Response, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, c.timeout, errStalled)
	defer cancel()
	for range maxRedirects + 1 {
		resp, err := c.once(ctx, http.MethodHead, u, nil)
		if err != nil {
			return nil, err
		}
		resp.Body.Close()
		if resp.StatusCode < 300 || resp.Header.Get("X-Linked-Etag") != "" && resp.Header.Get("X-Linked-Size") != "" {
			return resp, nil
		}
		if !isRedirect(resp.StatusCode) {
			return nil, newError(resp, true)
		}
		next, err := redirect(u, resp.Header.Get("Location"))
		if err != nil {
			return nil, err
		}
		if !c.sameOrigin(next) {
			return resp, nil
		}
		u = next
	}
	return nil, &permanent{fmt.Errorf("%s: more than %d redirects", c.endpoint.Host, maxRedirects)}
}

// once makes one request. Whatever redirects to another server, the token does not go there.
func (c *client) once(ctx context.Context, method string, u *url.URL, header http.Header) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, u.String(), nil)
	if err != nil {
		return nil, &permanent{err}
	}
	maps.Copy(req.Header, header)
	req.Header.Set("User-Agent", c.agent)
	req.Header.Set("Accept-Encoding", "identity")
	if c.token != "" && c.sameOrigin(u) {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		// Without the address, which may hold a signature.
		if wrapped, ok := errors.AsType[*url.Error](err); ok {
			err = wrapped.Err
		}
		return nil, fmt.Errorf("%s: %w", u.Host, err)
	}
	return resp, nil
}

// sameOrigin reports whether u is of the endpoint's scheme, host and port.
func (c *client) sameOrigin(u *url.URL) bool {
	return u.Scheme == c.endpoint.Scheme && strings.EqualFold(u.Host, c.endpoint.Host)
}

func isRedirect(status int) bool {
	switch status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect,
		http.StatusPermanentRedirect:
		return true
	}
	return false
}

// redirect gives the address that a response at u leads to. An encrypted connection stays one.
func redirect(u *url.URL, location string) (*url.URL, error) {
	next, err := u.Parse(location)
	switch {
	case err != nil || next.Host == "" || (next.Scheme != "http" && next.Scheme != "https") || next.User != nil:
		return nil, &permanent{fmt.Errorf("%s redirects to no address of a server", u.Host)}
	case u.Scheme == "https" && next.Scheme == "http":
		return nil, &permanent{fmt.Errorf("%s redirects to %s without encryption", u.Host, next.Host)}
	}
	return next, nil
}

var errStalled = errors.New("the connection brings nothing")

// watchedBody ends a body whose connection is open and silent.
type watchedBody struct {
	io.ReadCloser
	ctx     context.Context // of the request
	cancel  context.CancelCauseFunc
	watch   *time.Timer
	timeout time.Duration
}

func (b *watchedBody) Read(p []byte) (int, error) {
	b.watch.Reset(b.timeout)
	n, err := b.ReadCloser.Read(p)
	if err != nil && err != io.EOF {
		if cause := context.Cause(b.ctx); cause != nil {
			err = cause
		}
	}
	return n, err
}

func (b *watchedBody) Close() error {
	b.watch.Stop()
	b.cancel(nil)
	return b.ReadCloser.Close()
}
