package server

import (
	"context"
	"errors"
	"time"

	"github.com/crossrank/crossrank"
)

// guard gives every request a deadline, its own if that is sooner than the server's, and ends those under way when the server's patience with them does.
type guard struct {
	next     crossrank.Scorer
	deadline time.Duration
	stopped  context.Context // done once requests under way are to end
}

var _ crossrank.Scorer = (*guard)(nil)

var (
	errStopped = errors.New("the server stopped before the request was done")
	errTooLong = errors.New("the server's own deadline passed")
)

// Score implements [crossrank.Scorer].
func (g *guard) Score(ctx context.Context, req *crossrank.Request) (*crossrank.Response, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(g.stopped, func() { cancel(errStopped) })()
	if own, ok := ctx.Deadline(); !ok || time.Until(own) > g.deadline {
		timed, stop := context.WithTimeoutCause(ctx, g.deadline, errTooLong)
		defer stop()
		ctx = timed
	}
	resp, err := g.next.Score(ctx, req)
	if err == nil {
		return resp, nil
	}
	// Only the cause tells who ended the request; a failure of another kind stays what it is.
	if code := crossrank.CodeOf(err); code == crossrank.Canceled || code == crossrank.DeadlineExceeded {
		switch context.Cause(ctx) {
		case errStopped:
			return nil, crossrank.Errorf(crossrank.Unavailable, "%w; another server may answer", errStopped)
		case errTooLong:
			return nil, crossrank.Errorf(crossrank.DeadlineExceeded,
				"the answer took longer than %v, which is the server's limit", g.deadline)
		}
	}
	return nil, err
}
