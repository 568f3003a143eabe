package pipeline

import (
	"context"
	"sync"
)

// running counts the requests of several stages, so that a pipeline can be drained: its pool must
// not refuse the second stage of a request whose first it has computed. The zero value works.
type running struct {
	mu     sync.Mutex
	count  int
	closed bool
	idle   chan struct{} // closed once closed and without requests; nil before
}

// enter adds a request, or returns false if there are to be no more.
func (r *running) enter() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return false
	}
	r.count++
	return true
}

// leave ends a request.
func (r *running) leave() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.count--
	if r.closed && r.count == 0 {
		close(r.idle)
	}
}

// drain lets no more requests enter, and waits until those that have are done or ctx ends.
func (r *running) drain(ctx context.Context) {
	select {
	case <-r.close():
	case <-ctx.Done():
	}
}

func (r *running) close() (idle <-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.closed {
		r.closed, r.idle = true, make(chan struct{})
		if r.count == 0 {
			close(r.idle)
		}
	}
	return r.idle
}
