package edge

import (
	"sync/atomic"
	"time"

	"github.com/crossrank/crossrank"
)

// Budget limits the bytes that all requests in progress hold together. Each may be within its own
// limits while their sum is more than the machine has. A request that does not fit is refused at
// once. A nil Budget limits nothing. It is safe for concurrent use.
//
// The last quarter is for requests of up to 64 KiB, so that senders of large requests cannot keep
// out the others.
type Budget struct {
	limit int64
	used  atomic.Int64
}

const (
	smallRequest = 64 << 10    // largest request, in bytes, that may use the whole budget
	retryAfter   = time.Second // for refused callers: every answer frees some of the budget
)

// NewBudget makes a budget of that many bytes.
func NewBudget(bytes int64) *Budget { return &Budget{limit: bytes} }

// Used is the number of bytes reserved now.
func (b *Budget) Used() int64 {
	if b == nil {
		return 0
	}
	return b.used.Load()
}

// Fits returns an error if a request of that many bytes would not fit now. It reserves nothing.
func (b *Budget) Fits(bytes int64) error {
	if b == nil || b.used.Load()+bytes <= b.limitFor(bytes) {
		return nil
	}
	return b.fullErr()
}

// Reserve makes the reservation of a new request, which is empty.
func (b *Budget) Reserve() *Reservation { return &Reservation{budget: b} }

// limitFor is how far a request of that size may fill the budget.
func (b *Budget) limitFor(size int64) int64 {
	if size > smallRequest {
		return b.limit - b.limit/4
	}
	return b.limit
}

func (b *Budget) fullErr() error {
	return &crossrank.Error{
		Code:       crossrank.Overloaded,
		Message:    "the requests that the server has now leave no room for one of this size; try again, or send less at once",
		RetryAfter: retryAfter,
	}
}

// Reservation is the part of a [Budget] that one request holds. It is for one goroutine at a time.
type Reservation struct {
	budget *Budget
	held   int64
}

// Grow adds bytes to the reservation. If they do not fit, it adds none and returns an error with
// [crossrank.Overloaded].
func (r *Reservation) Grow(bytes int64) error {
	b := r.budget
	if b == nil {
		return nil
	}
	limit := b.limitFor(r.held + bytes)
	for {
		used := b.used.Load()
		if bytes > limit-used {
			return b.fullErr()
		}
		if b.used.CompareAndSwap(used, used+bytes) {
			r.held += bytes
			return nil
		}
	}
}

// Resize makes the reservation that many bytes. It fails only where Grow does, and then changes
// nothing.
func (r *Reservation) Resize(bytes int64) error {
	if bytes > r.held {
		return r.Grow(bytes - r.held)
	}
	if r.budget != nil {
		r.budget.used.Add(bytes - r.held)
		r.held = bytes
	}
	return nil
}

// Release ends the reservation. It may be called twice.
func (r *Reservation) Release() { _ = r.Resize(0) } // shrinking never fails
