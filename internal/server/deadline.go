package server

import (
	"context"
	"errors"
	"time"

	"github.com/crossrank/crossrank"
)

// withDeadline gives every request a deadline: its own or the server's, whichever is sooner. It
// also cancels the requests in progress when stopped is done, at the end of a drain.
func withDeadline(next crossrank.Scorer, deadline time.Duration, stopped context.Context) crossrank.Scorer {
	return &deadlineScorer{next, deadline, stopped}
}

type deadlineScorer struct {
	next     crossrank.Scorer
	deadline time.Duration
	stopped  context.Context
}

var (
	errStopped = errors.New("the server stopped before the request was done")
	errTooLong = errors.New("the server's own deadline passed")
)

// Score implements [crossrank.Scorer].
func (d *deadlineScorer) Score(ctx context.Context, req *crossrank.Request) (*crossrank.Response, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(d.stopped, func() { cancel(errStopped) })()
	if own, ok := ctx.Deadline(); !ok || time.Until(own) > d.deadline {
		timed, stop := context.WithTimeoutCause(ctx, d.deadline, errTooLong)
		defer stop()
		ctx = timed
	}
	resp, err := d.next.Score(ctx, req)
	if err == nil {
		return resp, nil
	}
	// The cause says who ended the request. An error of another kind is returned unchanged.
	if code := crossrank.CodeOf(err); code == crossrank.Canceled || code == crossrank.DeadlineExceeded {
		switch context.Cause(ctx) {
		case errStopped:
			return nil, crossrank.Errorf(crossrank.Unavailable, "%w; another server may answer", errStopped)
		case errTooLong:
			return nil, crossrank.Errorf(crossrank.DeadlineExceeded,
				"the answer took longer than %v, which is the server's limit", d.deadline)
		}
	}
	return nil, err
}
