package edge

import (
	"sync/atomic"
	"time"

	"github.com/crossrank/crossrank"
)

// Budget bounds the bytes that the requests under way hold, over all connections: each may be within its own limits and all
// of them together still be more than the machine has. What does not fit is refused at once. A nil Budget bounds nothing.
// It is safe for concurrent use.
//
// A request that has grown over 64 KiB gets none of the last quarter, so that senders of large ones cannot keep out those
// of ordinary ones.
type Budget struct {
	most int64
	used atomic.Int64
}

const (
	ordinary = 64 << 10    // bytes of a request that may use all of a budget
	again    = time.Second // after which a refused caller may try again: room comes with every answer
)

// NewBudget gives a budget of that many bytes.
func NewBudget(most int64) *Budget { return &Budget{most: most} }

// Used is how many bytes are held.
func (b *Budget) Used() int64 {
	if b == nil {
		return 0
	}
	return b.used.Load()
}

// Fits says whether a request of that many bytes would find room now. It takes nothing.
func (b *Budget) Fits(bytes int64) error {
	if b == nil || b.used.Load()+bytes <= b.limit(bytes) {
		return nil
	}
	return b.full()
}

// Share is what a new request holds of the budget, nothing yet.
func (b *Budget) Share() *Share { return &Share{budget: b} }

// limit is up to where a request of that size may fill the budget.
func (b *Budget) limit(size int64) int64 {
	if size > ordinary {
		return b.most - b.most/4
	}
	return b.most
}

func (b *Budget) full() error {
	return &crossrank.Error{
		Code:       crossrank.Overloaded,
		Message:    "the requests that the server has now leave no room for one of this size; try again, or send less at once",
		RetryAfter: again,
	}
}

// Share is one request's part of a [Budget]. It is for one goroutine at a time.
type Share struct {
	budget *Budget
	held   int64
}

// Take adds bytes to the share, or refuses with [crossrank.Overloaded] and adds none.
func (s *Share) Take(bytes int64) error {
	b := s.budget
	if b == nil {
		return nil
	}
	limit := b.limit(s.held + bytes)
	for {
		used := b.used.Load()
		if bytes > limit-used {
			return b.full()
		}
		if b.used.CompareAndSwap(used, used+bytes) {
			s.held += bytes
			return nil
		}
	}
}

// Release gives back all that the share holds.
func (s *Share) Release() {
	if s.held > 0 {
		s.budget.used.Add(-s.held)
		s.held = 0
	}
}
