package batch

import (
	"cmp"
	"context"
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
	deadline time.Time       // zero if there is none
	left     <-chan struct{} // closed when the caller leaves; nil if it cannot

	over bool // ended: nothing of it is to be run or written any more
	err  error
	done chan struct{} // receives once when over; its sender has set err

	flow  *flow[T, R]    // its sender's while it is queued, else nil
	links [2]links[T, R] // in the list of all, and in the flow's
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

// gone is the error of a caller that no longer waits, nil of one that does. It asks the caller's context rather than
// wait to be told: the goroutine that tells may be slower than the next batch.
func (r *request[T, R]) gone(now time.Time) error {
	if r.late(now) {
		return context.DeadlineExceeded
	}
	select {
	case <-r.left:
		if r.late(time.Now()) {
			return context.DeadlineExceeded
		}
		return context.Canceled
	default:
		return nil
	}
}

func (r *request[T, R]) late(now time.Time) bool {
	return !r.deadline.IsZero() && !now.Before(r.deadline)
}

// load is an amount of work.
type load struct {
	items, cost int
}

// queue holds the requests that have items waiting, and knows which of them comes next: see fair.go. A request leaves it
// from any place in constant time, which is why its lists are linked. Set quantum, and which of all stays 0.
type queue[T, R any] struct {
	load
	all      list[T, R] // by arrival
	requests int

	quantum int // what a flow may take in a turn, in cost; at least 1
	classes [Classes]class[T, R]
	flows   map[Sender]*flow[T, R]
	spare   []*flow[T, R] // in no use
}

// push adds a request of a sender.
func (q *queue[T, R]) push(s Sender, r *request[T, R]) {
	f := q.flowOf(s)
	r.flow = f
	q.all.push(r)
	f.list.push(r)
	q.requests++
	q.items += len(r.items) - r.next
	q.cost += r.cost
	f.cost += r.cost
	q.classes[s.Class].cost += r.cost
}

// remove takes out a request and what still waits of it. A request that is not queued is left alone.
func (q *queue[T, R]) remove(r *request[T, R]) {
	f := r.flow
	if f == nil {
		return
	}
	r.flow = nil
	q.all.remove(r)
	f.list.remove(r)
	q.requests--
	q.items -= len(r.items) - r.next
	q.cost -= r.cost
	f.cost -= r.cost
	q.classes[f.sender.Class].cost -= r.cost
	if f.list.head == nil {
		q.retire(f)
	}
}

// pop takes the next item of a request, and the request out of the queue with its last one. It returns the item's index.
func (q *queue[T, R]) pop(r *request[T, R]) int {
	i := r.place()
	cost := r.items[i].Cost
	q.charge(r.flow)
	r.next++
	r.cost -= cost
	q.items--
	q.cost -= cost
	r.flow.cost -= cost
	q.classes[r.flow.sender.Class].cost -= cost
	if r.next == len(r.items) {
		q.remove(r)
	}
	return i
}

// list is a linked list of requests, the oldest first. The zero value is empty.
type list[T, R any] struct {
	which      int // of a request's links are this list's
	head, tail *request[T, R]
}

type links[T, R any] struct {
	before, behind *request[T, R]
}

func (l *list[T, R]) push(r *request[T, R]) {
	r.links[l.which] = links[T, R]{before: l.tail}
	if l.tail != nil {
		l.tail.links[l.which].behind = r
	} else {
		l.head = r
	}
	l.tail = r
}

func (l *list[T, R]) remove(r *request[T, R]) {
	at := r.links[l.which]
	if at.before != nil {
		at.before.links[l.which].behind = at.behind
	} else {
		l.head = at.behind
	}
	if at.behind != nil {
		at.behind.links[l.which].before = at.before
	} else {
		l.tail = at.before
	}
	r.links[l.which] = links[T, R]{}
}
