// Package client scores pairs on a crossrank server, over gRPC or HTTP.
//
// A [Client] is a [crossrank.Scorer] like a model opened in the same program: [Dial] a server, then score pairs with it
// or rank documents with [crossrank.Rank]. Which of the two protocols is spoken is the target's scheme; scores, usage,
// timings and error codes are the same over both.
//
//	c, err := client.Dial("grpc://127.0.0.1:50051", client.Options{})
//	if err != nil { … }
//	defer c.Close()
//	best, _, err := crossrank.Rank(ctx, c, "what is a cross-encoder", passages, 10)
package client

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/crossrank/crossrank"
)

// Options configure a [Client]. The zero value works.
type Options struct {
	// MaxReplyBytes bounds an answer; 0 means 64 MiB.
	MaxReplyBytes int
}

// Client is a connection to one server. It is safe for concurrent use, connects when it is first used and again after
// the server was away. Close it when done with it.
type Client struct {
	target string
	wire   wire
}

var _ crossrank.Scorer = (*Client)(nil)

// wire is one protocol. Score's requests are checked, and its answers are checked by the caller.
type wire interface {
	score(ctx context.Context, req *crossrank.Request) (*crossrank.Response, error)
	info(ctx context.Context) (crossrank.Info, error)
	history(ctx context.Context, since time.Time) (json.RawMessage, error)
	close() error
}

// Dial makes a client of the server at target, grpc://host:port or http://host:port. It does not connect: an error says
// that the target is no such address.
func Dial(target string, opts Options) (*Client, error) {
	if opts.MaxReplyBytes < 0 {
		return nil, fmt.Errorf("dialing %s: MaxReplyBytes is %d; use 0 for the default", target, opts.MaxReplyBytes)
	}
	if opts.MaxReplyBytes == 0 {
		opts.MaxReplyBytes = 64 << 20
	}
	scheme, address, err := parseTarget(target)
	if err != nil {
		return nil, err
	}
	c := &Client{target: target}
	if scheme == "http" {
		c.wire = newHTTP(address, opts)
		return c, nil
	}
	if c.wire, err = newGRPC(address, opts); err != nil {
		return nil, fmt.Errorf("dialing %s: %w", target, err)
	}
	return c, nil
}

// parseTarget takes a target apart.
func parseTarget(target string) (scheme, address string, err error) {
	wrong := func(why string) (string, string, error) {
		return "", "", fmt.Errorf("target %q: %s; give grpc://host:port or http://host:port", target, why)
	}
	scheme, _, found := strings.Cut(target, "://")
	if !found {
		return wrong("has no scheme")
	}
	if scheme != "grpc" && scheme != "http" {
		return wrong("has a scheme that no server here speaks")
	}
	u, err := url.Parse(target)
	if err != nil {
		return wrong("is not an address")
	}
	host, port, err := net.SplitHostPort(u.Host)
	switch {
	case err != nil || port == "":
		return wrong("has no port")
	case host == "":
		return wrong("has no host")
	case u.User != nil || u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "":
		return wrong("has more than a host and a port")
	}
	return scheme, u.Host, nil
}

// Score has pairs scored on the server. Besides the server's own errors it gives [crossrank.Unavailable] if the server
// cannot be reached, and [crossrank.Internal] if what it answers is not an answer to req.
func (c *Client) Score(ctx context.Context, req *crossrank.Request) (*crossrank.Response, error) {
	if err := ctx.Err(); err != nil {
		return nil, contextError(err)
	}
	if err := check(req); err != nil {
		return nil, err
	}
	resp, err := c.wire.score(ctx, req)
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

// Info describes the model that the server serves.
func (c *Client) Info(ctx context.Context) (crossrank.Info, error) { return c.wire.info(ctx) }

// History gives the samples that the server took of itself after since, or all it has kept if since is zero, as the JSON
// object that it answers: "interval_ms", and "samples" from the oldest to the newest. Only HTTP targets have it.
func (c *Client) History(ctx context.Context, since time.Time) (json.RawMessage, error) {
	return c.wire.history(ctx, since)
}

// Close frees the connections. Call it when no call is under way.
func (c *Client) Close() error { return c.wire.close() }

// check refuses what the wire cannot say.
func check(req *crossrank.Request) error {
	switch {
	case len(req.Pairs) == 0:
		return crossrank.Errorf(crossrank.InvalidArgument, "the request holds nothing to score; give at least one pair")
	case req.MaxLength < 0 || int64(req.MaxLength) > 1<<31-1:
		return crossrank.Errorf(crossrank.InvalidArgument,
			"MaxLength is %d; use 0 for the model's own, or a number of tokens", req.MaxLength)
	case req.MaxPassage < 0 || req.Windows.Overlap < 0 || req.Windows.Max < 0:
		return crossrank.Errorf(crossrank.InvalidArgument, "MaxPassage and the numbers of Windows must not be negative")
	case req.Windows.Aggregate > crossrank.MeanWindow:
		return crossrank.Errorf(crossrank.InvalidArgument, "Windows.Aggregate is %d, which means nothing", req.Windows.Aggregate)
	case req.Truncation > crossrank.TruncateNever:
		return crossrank.Errorf(crossrank.InvalidArgument, "Truncation is %d, which means nothing", req.Truncation)
	}
	return nil
}

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

// valid is s as it may stand on the wire. Invalid bytes become U+FFFD, as which the tokenizer would read them.
func valid(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }
