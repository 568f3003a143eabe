// Package client scores pairs on a server, over gRPC or HTTP: a crossrank server, or one that speaks another [Dialect].
//
// A [Client] is a [crossrank.Scorer] like a model opened in the same program: [Dial] a server, then score pairs with it
// or rank documents with [crossrank.Rank]. Which of the two protocols is spoken is the target's scheme; scores, usage,
// timings and error codes are the same over both. Over gRPC a client can also spread its calls over several servers. A
// client of another maker's server gives what its dialect can say: scores always, in the order of the request.
//
//	c, err := client.Dial("grpc://127.0.0.1:50051", client.Options{})
//	if err != nil { … }
//	defer c.Close()
//	best, _, err := crossrank.Rank(ctx, c, "what is a cross-encoder", passages, 10)
package client

import (
	"cmp"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/crossrank/crossrank"
)

// Options configure a [Client]. The zero value works.
type Options struct {
	// MaxReplyBytes bounds an answer; 0 means 64 MiB.
	MaxReplyBytes int

	// Dialect is the API that the server speaks; default [Crossrank].
	Dialect Dialect

	// Model is asked for by requests that name none. Servers that have several models take their first one without it, but
	// Cohere's and Jina's need a name.
	Model string

	// APIKey is sent with every call, as a bearer token. Over grpc, http and dns targets it can be read on the way.
	APIKey string

	// TLS says whom to trust, for grpcs and https targets.
	TLS TLS

	// Retries is how often a request is sent again after [crossrank.Unavailable] or [crossrank.Overloaded]. 0 means
	// never, as for measurements. The client waits as long as the server asks, or else some 20 ms doubled with every
	// try, never beyond the context's deadline. Over time only a tenth of what succeeds is retried, after a
	// hundred at once: clients that all insist would keep a server down.
	Retries int

	// Balance says how the calls of a gRPC client are spread over several servers. Default: [Weighted] if the target
	// may be several, else one connection.
	Balance Balance
}

// Balance is a way to spread calls over servers.
type Balance string

const (
	// Weighted gives each server calls by the pairs a second that it reports for the time that its callers wait.
	Weighted Balance = "weighted_round_robin"
	// RoundRobin gives each server the same number of calls.
	RoundRobin Balance = "round_robin"
)

// Client is a connection to one server, or to several that serve the same model. It is safe for concurrent use, connects
// when it is first used and again after a server was away. Close it when done with it.
type Client struct {
	target    string
	model     string // of requests that name none
	transport transport
	retries   int
	budget    budget
}

var _ crossrank.Scorer = (*Client)(nil)

// transport is one protocol. Its callers check the requests and the replies of score.
type transport interface {
	score(ctx context.Context, req *crossrank.Request) (*crossrank.Response, error)
	info(ctx context.Context) (crossrank.Info, error)
	history(ctx context.Context, since time.Time) (json.RawMessage, error)
	close() error
}

// Dial makes a client of what serves at target: grpc://host:port or http://host:port, with grpcs or https for TLS. Several
// servers are grpc://host:port,host:port, or dns:///host:port for all the addresses that the name has. Dial does not
// connect: an error says that the target is no such address, or the options cannot be.
func Dial(target string, opts Options) (*Client, error) {
	fail := func(err error) (*Client, error) { return nil, fmt.Errorf("dialing %s: %w", target, err) }
	if opts.MaxReplyBytes == 0 {
		opts.MaxReplyBytes = 64 << 20
	}
	if err := opts.check(); err != nil {
		return fail(err)
	}
	t, err := parseTarget(target)
	if err != nil {
		return nil, err
	}
	opts.Dialect = cmp.Or(opts.Dialect, Crossrank)
	if err := opts.Dialect.fits(t); err != nil {
		return fail(err)
	}
	var secure *tls.Config
	if t.secure() {
		if secure, err = opts.TLS.config(); err != nil {
			return fail(err)
		}
	} else if opts.TLS != (TLS{}) {
		return fail(errors.New("TLS is set, but the target's scheme is in the clear; use grpcs or https"))
	}
	c := &Client{target: target, model: opts.Model, retries: opts.Retries}
	if t.http() {
		over := newHTTP(t, secure, opts)
		c.transport = over
		if opts.Dialect != Crossrank {
			c.transport = &thirdParty{http: over, dialect: opts.Dialect, model: opts.Model}
		}
		return c, nil
	}
	conn, err := connection(t, secure, opts)
	switch {
	case err != nil:
		return fail(err)
	case opts.Dialect == Inference:
		c.transport = newInference(target, conn, opts.Model)
	default:
		c.transport = newGRPC(target, conn)
	}
	return c, nil
}

func (o *Options) check() error {
	switch {
	case o.MaxReplyBytes < 0:
		return fmt.Errorf("option MaxReplyBytes is %d; use 0 for the default", o.MaxReplyBytes)
	case o.Retries < 0:
		return fmt.Errorf("option Retries is %d; use 0 for none", o.Retries)
	case o.Balance != "" && o.Balance != Weighted && o.Balance != RoundRobin:
		return fmt.Errorf("option Balance is %q; use %s or %s", o.Balance, Weighted, RoundRobin)
	case strings.ContainsFunc(o.APIKey, func(r rune) bool { return r <= ' ' || r > '~' }):
		return errors.New("the API key holds a space or something else that no header can carry")
	}
	return nil
}

// Score has pairs scored on the server. Besides the server's own errors it gives [crossrank.Unavailable] if the server
// cannot be reached, and [crossrank.Internal] if what it answers is not an answer to req.
func (c *Client) Score(ctx context.Context, req *crossrank.Request) (*crossrank.Response, error) {
	if err := ctx.Err(); err != nil {
		return nil, contextError(err)
	}
	if err := req.Validate(); err != nil {
		return nil, err
	}
	req = c.named(req)
	var resp *crossrank.Response
	err := c.budget.retry(ctx, c.retries, func() (err error) {
		resp, err = c.transport.score(ctx, req)
		return err
	})
	if err != nil {
		return nil, err
	}
	if len(resp.Scores) != len(req.Pairs) {
		return nil, crossrank.Errorf(crossrank.Internal,
			"%s answered %d scores for %d pairs", c.target, len(resp.Scores), len(req.Pairs))
	}
	if req.Raw && resp.ScoreType != crossrank.Logit {
		return nil, crossrank.Errorf(crossrank.Internal,
			"%s was asked for raw scores and answered %q", c.target, resp.ScoreType)
	}
	return resp, nil
}

// named is req with the client's model, if it names none.
func (c *Client) named(req *crossrank.Request) *crossrank.Request {
	if req.Model != "" || c.model == "" {
		return req
	}
	named := *req
	named.Model = c.model
	return &named
}

// Info describes the model that the server serves, as far as it can be asked in its dialect. The zero value of a field says that
// nobody told.
func (c *Client) Info(ctx context.Context) (crossrank.Info, error) { return c.transport.info(ctx) }

// History gives the samples that the server took of itself after since, or all it has kept if since is zero, as the JSON
// object that it answers: "interval_ms", and "samples" from the oldest to the newest. Only HTTP targets have it.
func (c *Client) History(ctx context.Context, since time.Time) (json.RawMessage, error) {
	return c.transport.history(ctx, since)
}

// Close frees the connections. Call it when no call is under way.
func (c *Client) Close() error { return c.transport.close() }

// known is the code that the server said, if it is one that an error can have, else what its status alone says.
func known(said, status crossrank.Code) crossrank.Code {
	switch said {
	case crossrank.InvalidArgument, crossrank.Unauthenticated, crossrank.NotFound, crossrank.TooLarge,
		crossrank.Overloaded, crossrank.Unavailable, crossrank.DeadlineExceeded, crossrank.Canceled, crossrank.Internal:
		return said
	}
	return status
}

// contextError is the end of a context as an error with a code.
func contextError(err error) *crossrank.Error {
	e := &crossrank.Error{Code: crossrank.CodeOf(err), Message: "the request was canceled", Err: err}
	if e.Code == crossrank.DeadlineExceeded {
		e.Message = "the deadline passed before the answer came"
	}
	return e
}

// valid is s as valid UTF-8. Invalid bytes become U+FFFD, which is how the tokenizer would read them.
func valid(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }
