package batch

import (
	"cmp"
	"slices"
	"time"
)

// request is the items of one call to Do. Once it is queued, the Batcher's lock guards it.
type request[T, R any] struct {
	items    []Item[T, R]
	order    []int // the places of items, in the order in which batches take them; empty means as they stand
	next     int   // how many items batches have taken
	open     int   // items without a result
	cost     int   // of the items that no batch has taken
	admitted time.Time
	deadline time.Time // zero if there is none

	over bool // ended: nothing of it is to be run or written any more
	err  error
	done chan struct{} // receives once when over; its sender has set err

	queued         bool
	before, behind *request[T, R]
}

// arrange decides the order in which the items are taken.
func (r *request[T, R]) arrange(byCost bool) {
	r.order = r.order[:0]
	if !byCost {
		return
	}
	for i := range r.items {
		r.order = append(r.order, i)
	}
	slices.SortStableFunc(r.order, func(x, y int) int { return cmp.Compare(r.items[y].Cost, r.items[x].Cost) })
}

// place is that of the item to be taken next.
func (r *request[T, R]) place() int {
	if len(r.order) == 0 {
		return r.next
	}
	return r.order[r.next]
}

// expired reports whether the caller can no longer be waiting.
func (r *request[T, R]) expired(now time.Time) bool {
	return !r.deadline.IsZero() && !now.Before(r.deadline)
}

// load is an amount of work.
type load struct {
	items, cost int
}

// queue is a list of the requests that have items waiting, the oldest first. A request leaves it from any place in
// constant time, which is why it is linked. The zero value is empty.
type queue[T, R any] struct {
	load
	head, tail *request[T, R]
	requests   int
}

func (q *queue[T, R]) push(r *request[T, R]) {
	r.queued, r.before, r.behind = true, q.tail, nil
	if q.tail != nil {
		q.tail.behind = r
	} else {
		q.head = r
	}
	q.tail = r
	q.requests++
	q.items += len(r.items) - r.next
	q.cost += r.cost
}

// remove takes out a request and what still waits of it. A request that is not queued is left alone.
func (q *queue[T, R]) remove(r *request[T, R]) {
	if !r.queued {
		return
	}
	if r.before != nil {
		r.before.behind = r.behind
	} else {
		q.head = r.behind
	}
	if r.behind != nil {
		r.behind.before = r.before
	} else {
		q.tail = r.before
	}
	r.queued, r.before, r.behind = false, nil, nil
	q.requests--
	q.items -= len(r.items) - r.next
	q.cost -= r.cost
}

// pop takes the next item of a request, and the request out of the queue with its last one. It returns the item's index.
func (q *queue[T, R]) pop(r *request[T, R]) int {
	i := r.place()
	cost := r.items[i].Cost
	r.next++
	r.cost -= cost
	q.items--
	q.cost -= cost
	if r.next == len(r.items) {
		q.remove(r)
	}
	return i
}
