// Package client scores pairs on a server, over gRPC or HTTP: a crossrank server, or one of another
// API, see [Dialect].
//
// A [Client] is a [crossrank.Scorer], like a model opened in the same program. [Dial] a server,
// then score pairs with the client or rank documents with [crossrank.Rank]. The target's scheme
// selects the protocol; scores, usage, timings and error codes are the same over both. Over gRPC, a
// client can also balance calls over several servers. A client of another API returns what that API
// provides: always the scores, in the order of the request.
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
	// MaxReplyBytes is the maximum size of a reply; 0 means 64 MiB.
	MaxReplyBytes int

	// Dialect is the API of the server; default [Crossrank].
	Dialect Dialect

	// Model is the model of requests that name none. crossrank servers then use their first model;
	// Cohere's and Jina's require a name.
	Model string

	// APIKey is sent with every call, as a bearer token. To grpc, http and dns targets it is sent
	// unencrypted.
	APIKey string

	// TLS configures the trust in servers, for grpcs and https targets.
	TLS TLS

	// Retries is how often a request is sent again after [crossrank.Unavailable] or
	// [crossrank.Overloaded]; 0 means never, which is right for measurements. The client waits as
	// long as the server asks, or else about 20 ms, doubled for each retry, but never beyond the
	// context's deadline. After an initial 100, retries are limited to a tenth of the successful
	// requests, so that clients do not keep an overloaded server down. The first retry of a request
	// whose connection was lost does not count.
	Retries int

	// Hedge is how long a request may take before it is sent once more, to another server if the
	// client balances over several. The first answer counts and the other call is canceled. 0 means
	// never. Hedged requests take from the same budget as retries, a tenth of the successful
	// requests, so that they do not add load to servers that are slow because they are busy.
	Hedge time.Duration

	// Balance is how a gRPC client spreads its calls over several servers. Default: [Weighted] if
	// the target may be several servers, else one connection.
	Balance Balance
}

// Balance is a policy for spreading calls over servers. With either policy, servers that are not
// ready get no calls, and a server that fails most of its calls, or answers none, while others
// answer is ejected: it gets no calls for five seconds, and for twice as long each time that it
// fails again, up to five minutes. At most half of the servers are ejected at a time. Refusals of
// wrong or excessive requests are not failures.
type Balance string

const (
	// Weighted gives each server calls in proportion to the weight that it reports: its pairs per
	// second, divided by the time that they wait.
	Weighted Balance = "weighted_round_robin"
	// RoundRobin gives each server the same number of calls.
	RoundRobin Balance = "round_robin"
)

// Client is a connection to one server, or to several that serve the same model. It is safe for
// concurrent use. It connects at its first use and again after a server was away. Close it after
// use.
type Client struct {
	target    string
	model     string // of requests without one
	transport transport
	retries   int
	hedge     time.Duration // 0 = never
	budget    budget
}

var _ crossrank.Scorer = (*Client)(nil)

// transport is one protocol. Its callers validate the requests and check the replies of score.
type transport interface {
	score(ctx context.Context, req *crossrank.Request) (*crossrank.Response, error)
	info(ctx context.Context) (crossrank.Info, error)
	history(ctx context.Context, since time.Time) (json.RawMessage, error)
	probe(ctx context.Context, ready bool) error
	close() error
}

// Dial makes a client of the server at target: grpc://host:port or http://host:port, or grpcs and
// https for TLS. Several servers are grpc://host:port,host:port, or dns:///host:port for all
// addresses of a name, which the client looks up every five seconds. Dial does not connect; an
// error means that the target or the options are invalid.
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
	if t.scheme == "xds" {
		if err := checkXDS(opts.Balance); err != nil {
			return fail(err)
		}
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
		return fail(errors.New("TLS is configured, but the scheme of the target is unencrypted; use grpcs or https"))
	}
	c := &Client{target: target, model: opts.Model, retries: opts.Retries, hedge: opts.Hedge}
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
		return fmt.Errorf("max_reply_bytes is %d; use 0 for the default", o.MaxReplyBytes)
	case o.Hedge < 0:
		return fmt.Errorf("hedge is %s; use 0 for no second request", o.Hedge)
	case o.Retries < 0:
		return fmt.Errorf("retries is %d; use 0 for no retries", o.Retries)
	case o.Balance != "" && o.Balance != Weighted && o.Balance != RoundRobin:
		return fmt.Errorf("balance is %q; use %s or %s", o.Balance, Weighted, RoundRobin)
	case strings.ContainsFunc(o.APIKey, func(r rune) bool { return r <= ' ' || r > '~' }):
		return errors.New("the API key contains a space or another character that no header can carry")
	}
	return nil
}

// Score scores pairs on the server. Besides errors of the server, it returns
// [crossrank.Unavailable] if the server cannot be reached, and [crossrank.Internal] if the reply
// does not match req. A crossrank server omits what it need not compute for a request with TopN
// whose pairs have one query; other requests, and other servers, bring all scores.
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
		resp, err = c.hedged(ctx, req)
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

// named is req with the client's model, if req names none.
func (c *Client) named(req *crossrank.Request) *crossrank.Request {
	if req.Model != "" || c.model == "" {
		return req
	}
	named := *req
	named.Model = c.model
	return &named
}

// Info describes the server's model, as far as the dialect can. Fields that the server does not
// report are zero.
func (c *Client) Info(ctx context.Context) (crossrank.Info, error) { return c.transport.info(ctx) }

// History returns the samples that the server took of itself after since, or all samples if since
// is zero, as the JSON object of its reply: "interval_ms", and "samples" from the oldest to the
// newest. Only HTTP targets have it.
func (c *Client) History(ctx context.Context, since time.Time) (json.RawMessage, error) {
	return c.transport.history(ctx, since)
}

// Close closes the connections. No call may be in progress.
func (c *Client) Close() error { return c.transport.close() }

// known is the code that the server named, if it is a valid one, else the code of its status.
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

// valid is s as valid UTF-8. Invalid bytes become U+FFFD, which is how the tokenizer would read
// them.
func valid(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }
