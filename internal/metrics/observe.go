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

// Observe returns a scorer that passes every request on to s unchanged and counts it. It adds no
// allocation to a request.
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

// finish counts a request that has ended. One with neither answer nor error is on its way out by a
// panic.
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
	r.total.codes[codeIndex(code)]++
	if code == crossrank.OK {
		r.total.add(took, resp)
		r.recent.add(took)
	}
}

// Refused counts a request that an edge ended by itself: it never went through a scorer, or its
// answer was unfit.
func (r *Recorder) Refused(at Edge, code crossrank.Code) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.total.refused[at][codeIndex(code)]++
}

// inFlightRequests is how many requests are in flight.
func (r *Recorder) inFlightRequests() int {
	if f := r.opts.Gauges.InFlight; f != nil {
		return f()
	}
	return int(r.inFlight.Load())
}
