package server

import (
	queue "container/list"
	"context"
	"sync"
	"time"

	"github.com/crossrank/crossrank/internal/grpcapi"
	"google.golang.org/grpc/tap"
)

// pendingCalls are the gRPC calls whose request message has not arrived yet, oldest first. It is
// safe for concurrent use.
//
// A call costs about 13 KiB before any handler runs. When more than maxPendingCalls are pending,
// the oldest is canceled. A client that means its call sends the message right after the headers,
// so its call is never that old.
type pendingCalls struct {
	mu    sync.Mutex
	calls queue.List // of *pendingCall
}

const maxPendingCalls = 2048

type pendingCall struct {
	timer   *time.Timer
	cancel  context.CancelFunc
	unwatch func() bool // stops watching for the end of the call
	place   *queue.Element
}

type pendingKey struct{}

// awaitMessage starts the timeout for a call's message. grpc runs it when the headers have arrived.
// A call that is late ends as CANCELLED: grpc offers no other status here.
func (s *Server) awaitMessage(ctx context.Context, call *tap.Info) (context.Context, error) {
	if !grpcapi.Awaits(call.FullMethodName) {
		return ctx, nil
	}
	ctx, cancel := context.WithCancel(ctx)
	p := &pendingCall{timer: time.AfterFunc(s.cfg.GRPC.MessageTimeout, cancel), cancel: cancel}
	if oldest := s.pending.add(p); oldest != nil {
		oldest.cancel()
	}
	p.unwatch = context.AfterFunc(ctx, func() { s.pending.remove(p) })
	return context.WithValue(ctx, pendingKey{}, p), nil
}

// messageArrived ends the timeout for a call's message.
func (s *Server) messageArrived(ctx context.Context) {
	if p, ok := ctx.Value(pendingKey{}).(*pendingCall); ok {
		p.unwatch()
		s.pending.remove(p)
	}
}

// add appends a call and returns the one to cancel for it, if any.
func (q *pendingCalls) add(p *pendingCall) (oldest *pendingCall) {
	q.mu.Lock()
	defer q.mu.Unlock()
	p.place = q.calls.PushBack(p)
	if q.calls.Len() > maxPendingCalls {
		oldest = q.calls.Remove(q.calls.Front()).(*pendingCall)
	}
	return oldest
}

// remove removes a call. It may be called twice.
func (q *pendingCalls) remove(p *pendingCall) {
	p.timer.Stop()
	q.mu.Lock()
	defer q.mu.Unlock()
	q.calls.Remove(p.place)
}
