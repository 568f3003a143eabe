package metrics

import (
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/state"
)

// codes are the labels of how a request ended. A code that is not among them counts as the last
// one, so that no label is ever made out of something a request holds.
var codes = [...]crossrank.Code{
	crossrank.OK, crossrank.InvalidArgument, crossrank.Unauthenticated, crossrank.NotFound, crossrank.TooLarge,
	crossrank.Overloaded, crossrank.Unavailable, crossrank.DeadlineExceeded, crossrank.Canceled, crossrank.Internal, "other",
}

// overloaded is the place of that code.
var overloaded = codeIndex(crossrank.Overloaded)

// codeIndex is the index of a code.
func codeIndex(code crossrank.Code) int {
	for i, c := range codes {
		if c == code {
			return i
		}
	}
	return len(codes) - 1
}

// Edge says at which door a request came in.
type Edge uint8

// The edges of a server.
const (
	HTTP Edge = iota
	GRPC
	edges
)

// String is the edge's label.
func (e Edge) String() string { return [...]string{"http", "grpc"}[e] }

// stage is a part of the way of a request.
type stage uint8

const (
	tokenize stage = iota
	queue
	compute
	stages
)

func (s stage) String() string { return [...]string{"tokenize", "queue", "compute"}[s] }

// counts are sums over requests that have ended. They only grow.
type counts struct {
	codes   [len(codes)]int64        // requests that went through a scorer, by how they ended
	refused [edges][len(codes)]int64 // requests that an edge ended by itself

	// Of the requests that succeeded:
	pairs, tokens, padded, truncated int64
	latency                          histogram         // all of them
	stages                           [stages]histogram // of answers that came with timings
	sizes                            state.Sizes       // by their number of pairs
}

// requests is how many went through a scorer.
func (c *counts) requests() (n int64) {
	for _, k := range c.codes {
		n += k
	}
	return n
}

// errors is how many of them failed.
func (c *counts) errors() int64 { return c.requests() - c.codes[0] }

// edgeRefusals is how many requests the edges ended by themselves.
func (c *counts) edgeRefusals() (n int64) {
	for _, edge := range c.refused {
		for _, k := range edge {
			n += k
		}
	}
	return n
}

// add counts a request that succeeded.
func (c *counts) add(took time.Duration, resp *crossrank.Response) {
	c.pairs += int64(len(resp.Scores))
	c.tokens += int64(resp.Usage.Tokens)
	c.padded += int64(resp.Usage.PaddedTokens)
	c.truncated += int64(resp.Usage.TruncatedTokens)
	c.sizes.Count(len(resp.Scores))
	c.latency.add(took)
	if resp.Timing.Total > 0 {
		c.stages[tokenize].add(resp.Timing.Tokenize)
		c.stages[queue].add(resp.Timing.Queue)
		c.stages[compute].add(resp.Timing.Compute)
	}
}

// sub subtracts what had been counted at an earlier state.
func (c *counts) sub(earlier *counts) {
	subtract(c.codes[:], earlier.codes[:])
	for e := range c.refused {
		subtract(c.refused[e][:], earlier.refused[e][:])
	}
	c.pairs -= earlier.pairs
	c.tokens -= earlier.tokens
	c.padded -= earlier.padded
	c.truncated -= earlier.truncated
	c.latency.sub(&earlier.latency)
	for s := range c.stages {
		c.stages[s].sub(&earlier.stages[s])
	}
	c.sizes.Sub(earlier.sizes)
}

func subtract(from, what []int64) {
	for i := range from {
		from[i] -= what[i]
	}
}
