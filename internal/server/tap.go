package server

import (
	"context"
	"time"

	"github.com/crossrank/crossrank/internal/grpcapi"
	"google.golang.org/grpc/tap"
)

type waitKey struct{}

// wait is how long the message of a call may still take.
type wait struct {
	timer *time.Timer
	left  func() bool // no longer minds that the call ends
}

// await gives a call its time to send its message. It runs when the call's headers are there; a call that is late ends as
// CANCELLED, which is all that grpc can be had to say.
func (s *Server) await(ctx context.Context, call *tap.Info) (context.Context, error) {
	if !grpcapi.Awaits(call.FullMethodName) {
		return ctx, nil
	}
	ctx, cancel := context.WithCancel(ctx)
	w := &wait{timer: time.AfterFunc(s.cfg.GRPC.MessageTimeout, cancel)}
	w.left = context.AfterFunc(ctx, func() { w.timer.Stop() })
	return context.WithValue(ctx, waitKey{}, w), nil
}

// arrived ends the wait for the message of a call.
func arrived(ctx context.Context) {
	if w, ok := ctx.Value(waitKey{}).(*wait); ok {
		w.left()
		w.timer.Stop()
	}
}
