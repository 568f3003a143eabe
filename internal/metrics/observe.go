package metrics

import (
	"context"
	"time"

	"github.com/crossrank/crossrank"
)

var _ crossrank.Scorer = (*observed)(nil)

// observed passes requests on and has its recorder count them.
type observed struct {
	next     crossrank.Scorer
	recorder *Recorder
}

// Observe returns a scorer that passes every request on to s unchanged and counts it. It adds no allocation to a request.
func (r *Recorder) Observe(s crossrank.Scorer) crossrank.Scorer {
	return &observed{next: s, recorder: r}
}

// Score implements [crossrank.Scorer].
func (o *observed) Score(ctx context.Context, req *crossrank.Request) (resp *crossrank.Response, err error) {
	started := time.Now()
	o.recorder.inFlight.Add(1)
	defer func() { o.recorder.finish(time.Since(started), resp, err) }()
	return o.next.Score(ctx, req)
}

// finish counts a request that has ended. One with neither answer nor error is on its way out by a panic.
func (r *Recorder) finish(took time.Duration, resp *crossrank.Response, err error) {
	code := crossrank.OK
	switch {
	case err != nil:
		code = crossrank.CodeOf(err)
	case resp == nil:
		code = crossrank.Internal
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.inFlight.Add(-1)
	r.codes[code]++
	r.total.requests++
	if code != crossrank.OK {
		r.total.errors++
		return
	}
	r.total.add(took, resp)
	r.recent.add(took)
}

// add counts a request that succeeded.
func (c *counts) add(took time.Duration, resp *crossrank.Response) {
	c.pairs += int64(len(resp.Scores))
	c.tokens += int64(resp.Usage.Tokens)
	c.padded += int64(resp.Usage.PaddedTokens)
	c.truncated += int64(resp.Usage.TruncatedTokens)
	c.latency += took
	if resp.Timing.Total > 0 {
		c.timed++
		c.tokenize += resp.Timing.Tokenize
		c.queue += resp.Timing.Queue
		c.compute += resp.Timing.Compute
	}
}
