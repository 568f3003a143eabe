package server

import (
	queue "container/list"
	"context"
	"sync"
	"time"

	"github.com/crossrank/crossrank/internal/grpcapi"
	"google.golang.org/grpc/tap"
)

// waits are the calls whose message has not come, the oldest first. It is safe for concurrent use.
//
// A call costs some 13 KiB before anything of the server runs. Of more than mostWaits the oldest is ended: a call whose message
// follows its headers, as it does of every client that means it, is never that.
type waits struct {
	mu    sync.Mutex
	calls queue.List // of *wait
}

const mostWaits = 2048

// wait is one of them.
type wait struct {
	timer  *time.Timer
	cancel context.CancelFunc
	left   func() bool // no longer minds that the call ends
	place  *queue.Element
}

type waitKey struct{}

// await gives a call its time to send its message. It runs when the call's headers are there; a call that is late ends as
// CANCELLED, which is all that grpc can be had to say.
func (s *Server) await(ctx context.Context, call *tap.Info) (context.Context, error) {
	if !grpcapi.Awaits(call.FullMethodName) {
		return ctx, nil
	}
	ctx, cancel := context.WithCancel(ctx)
	w := &wait{timer: time.AfterFunc(s.cfg.GRPC.MessageTimeout, cancel), cancel: cancel}
	if oldest := s.waits.add(w); oldest != nil {
		oldest.cancel()
	}
	w.left = context.AfterFunc(ctx, func() { s.waits.end(w) })
	return context.WithValue(ctx, waitKey{}, w), nil
}

// arrived ends the wait for the message of a call.
func (s *Server) arrived(ctx context.Context) {
	if w, ok := ctx.Value(waitKey{}).(*wait); ok {
		w.left()
		s.waits.end(w)
	}
}

// add takes in a call, and gives the one that has to go for it, if any.
func (q *waits) add(w *wait) (oldest *wait) {
	q.mu.Lock()
	defer q.mu.Unlock()
	w.place = q.calls.PushBack(w)
	if q.calls.Len() > mostWaits {
		oldest = q.calls.Remove(q.calls.Front()).(*wait)
	}
	return oldest
}

// end takes a call out. It may be called twice.
func (q *waits) end(w *wait) {
	w.timer.Stop()
	q.mu.Lock()
	defer q.mu.Unlock()
	q.calls.Remove(w.place)
}
