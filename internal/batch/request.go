package batch

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/crossrank/crossrank/internal/fairqueue"
)

// request is the pairs of one call to Do. Once it is queued, the Batcher's lock guards it.
type request[T, R any] struct {
	items         []Item[T, R]
	order         []int // indexes of items, in the order in which batches take them; empty means as they stand
	taken         int   // how many pairs batches have taken
	open          int   // pairs without a result
	admitted      time.Time
	deadline      time.Time       // zero if there is none
	canceled      <-chan struct{} // closed when the caller leaves; nil if it cannot
	deadlineBound bool            // admitted only because its caller is known to wait until the deadline

	queued fairqueue.Entry[*request[T, R]] // its place in the queue, and what is left of it there

	ended bool // nothing of it is to be run or written any more
	err   error
	done  chan struct{} // receives once when ended, after err is set
}

func newRequest[T, R any]() *request[T, R] {
	r := &request[T, R]{done: make(chan struct{}, 1)}
	r.queued.Value = r
	return r
}

// reset makes r the request of these items, all of them open.
func (r *request[T, R]) reset(ctx context.Context, items []Item[T, R], tokens int, lengthAware bool) {
	r.items, r.taken, r.open = items, 0, len(items)
	r.ended, r.err = false, nil
	r.deadline, _ = ctx.Deadline()
	r.canceled = ctx.Done()
	r.order = r.order[:0]
	if lengthAware {
		for i := range items {
			r.order = append(r.order, i)
		}
		slices.SortStableFunc(r.order, func(x, y int) int { return cmp.Compare(items[y].Tokens, items[x].Tokens) })
	}
	r.queued.Items, r.queued.Cost, r.queued.Next = len(items), tokens, items[r.nextIndex()].Tokens
}

// nextIndex is the index of the pair that is taken next.
func (r *request[T, R]) nextIndex() int { return r.indexAt(0) }

// indexAt is the index of one of the pairs that are left.
func (r *request[T, R]) indexAt(at int) int {
	if len(r.order) == 0 {
		return r.taken + at
	}
	return r.order[r.taken+at]
}

// tokens is the cost of what no batch has taken.
func (r *request[T, R]) tokens() int { return r.queued.Cost }

// pop removes the next pair from the queue and returns its index.
func (r *request[T, R]) pop(q *fairqueue.Queue[*request[T, R]]) int {
	i := r.nextIndex()
	r.taken++
	next := 0
	if r.taken < len(r.items) {
		next = r.items[r.nextIndex()].Tokens
	}
	q.Take(&r.queued, next)
	return i
}

// cancelErr is the error of a caller that no longer waits, and nil while it waits. It looks at the
// caller's context itself: the goroutine that waits for the context may be slower than the next
// batch.
func (r *request[T, R]) cancelErr(now time.Time) error {
	if r.expired(now) {
		return context.DeadlineExceeded
	}
	select {
	case <-r.canceled:
		if r.expired(time.Now()) {
			return context.DeadlineExceeded
		}
		return context.Canceled
	default:
		return nil
	}
}

func (r *request[T, R]) expired(now time.Time) bool {
	return !r.deadline.IsZero() && !now.Before(r.deadline)
}
