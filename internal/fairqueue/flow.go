package fairqueue

// maxCost caps what one item counts for in deficits, so that no cost overflows them.
const maxCost = 1 << 29

// maxUnused bounds the flows that are kept for the next senders.
const maxUnused = 64

// flow is what waits of one sender.
type flow[T any] struct {
	sender Sender
	list   list[T] // its requests; never empty while the flow is in use
	cost   int     // waiting

	deficit    int // cost that it may still take in this turn; negative after it took more than its share
	prev, next *flow[T]
}

// nextCost is what the next item of the flow counts for.
func (f *flow[T]) nextCost() int { return min(f.list.head.Next, maxCost) }

// mayFinish reports whether the flow's next request is begun and fits within a quantum. It is then
// finished in this turn, and the flow goes into deficit: a break would keep its caller waiting for
// a round, and what was computed of it would be lost if it then came too late.
func (f *flow[T]) mayFinish(quantum int) bool {
	return f.list.head.begun && f.list.head.Cost <= quantum
}

// flowOf returns the flow of a sender, and puts it to use if it is not in use yet.
func (q *Queue[T]) flowOf(s Sender) *flow[T] {
	if f := q.flows[s]; f != nil {
		return f
	}
	var f *flow[T]
	if n := len(q.unused); n > 0 {
		f, q.unused = q.unused[n-1], q.unused[:n-1]
	} else {
		f = &flow[T]{list: list[T]{which: 1}}
	}
	f.sender, f.deficit = s, q.Quantum
	if q.flows == nil {
		q.flows = map[Sender]*flow[T]{}
	}
	q.flows[s] = f
	q.levels[s.Priority].join(f)
	return f
}

// retire takes a flow that has nothing waiting out of use. What was left of its turn is lost: a
// sender without requests saves nothing up.
func (q *Queue[T]) retire(f *flow[T]) {
	q.levels[f.sender.Priority].leave(f)
	delete(q.flows, f.sender)
	f.sender = Sender{}
	if len(q.unused) < maxUnused {
		q.unused = append(q.unused, f)
	}
}
