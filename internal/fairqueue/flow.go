package fairqueue

// maxCost caps what one item counts for in deficits, so that no cost overflows them.
const maxCost = 1 << 29

// maxUnused bounds the flows that are kept for the next senders.
const maxUnused = 64

// flow is the waiting requests of one sender.
type flow[T any] struct {
	sender   Sender
	list     list[T] // its requests; never empty while the flow is in use
	requests int     // how many
	cost     int     // waiting

	deficit    int // cost that it may still take in this turn; negative after it took more than a quantum
	prev, next *flow[T]
}

// nextCost is what the next item of the flow counts for.
func (f *flow[T]) nextCost() int { return min(f.list.head.Next, maxCost) }

// mayFinish reports whether the flow's next request has been started and fits within a quantum. It
// is then finished in this turn, at the price of a negative deficit. A break would delay its caller
// by a round, and would waste what was computed if the request then missed its deadline.
func (f *flow[T]) mayFinish(quantum int) bool {
	return f.list.head.started && f.list.head.Cost <= quantum
}

// flowOf returns the flow of a sender, and makes one if there is none.
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

// retire removes a flow without waiting requests. The rest of its turn is lost: a sender cannot
// save up turns.
func (q *Queue[T]) retire(f *flow[T]) {
	q.levels[f.sender.Priority].leave(f)
	delete(q.flows, f.sender)
	f.sender = Sender{}
	if len(q.unused) < maxUnused {
		q.unused = append(q.unused, f)
	}
}
