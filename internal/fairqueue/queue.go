// Package fairqueue orders the requests of many senders so that each gets an equal share.
//
// A request is a number of items, each with a cost; an [Entry] says what is left of it.
// [Queue.Next] names the request whose next item comes next, and [Queue.Take] removes that item. A
// queue does not run anything and does not know what items are.
//
// Requests of one [Sender] form a flow and are served first come, first served. Flows of one
// priority take turns by deficit round robin (Shreedhar and Varghese, 1995). Each round, a flow may
// take items that cost a quantum, and it keeps what it does not use for its next turn. So a sender
// with one large request, or with many, gets an equal share while others wait, and everything while
// none does.
//
// A quantum is large on purpose. It is also the largest request that is served without a break, and
// requests of usual size should be: if requests of one size were served in small portions, all of
// them would end when the last one does.
//
// A more urgent priority goes first. Each less urgent priority gets one eighth of what the most
// urgent one gets, so that nothing starves.
//
// For decisions about admission, a queue reports the backlog as one sender sees it: see [Backlog].
package fairqueue

// Priorities is how many degrees of urgency there are.
const Priorities = 4

// Sender identifies the caller of a request and its priority. In the zero value all requests share
// one flow of the most urgent priority.
type Sender struct {
	Caller   string // requests of equal callers share one flow; any text
	Priority int    // from 0, the most urgent, to Priorities−1; other values are clamped to this range
}

func (s Sender) clamp() Sender {
	s.Priority = min(max(s.Priority, 0), Priorities-1)
	return s
}

// Load is an amount of work.
type Load struct {
	Requests, Items, Cost int
}

// Entry is one request. Its fields must not change while a queue holds it. But where an item is
// taken out of turn, Next may be lowered to its cost between [Queue.Next] and [Queue.Take].
type Entry[T any] struct {
	Value T // for the user of the queue

	// What is left of the request: all must be at least 1 when it is pushed, and [Queue.Take] keeps
	// them up to date.
	Items int // how many items
	Cost  int // of all items
	Next  int // cost of the next item

	started bool // an item was taken
	flow    *flow[T]
	links   [2]links[T] // in the list of all entries, and in the flow's
}

// Queued reports whether a queue holds the entry.
func (e *Entry[T]) Queued() bool { return e.flow != nil }

// Queue holds requests that have items left. An entry leaves it from any place in constant time.
// The zero value is empty; set Quantum before the first Push. It is not safe for concurrent use.
type Queue[T any] struct {
	Quantum int // cost that a flow may take in a turn; at least 1

	load   Load
	all    list[T] // by arrival
	levels [Priorities]level[T]
	flows  map[Sender]*flow[T]
	unused []*flow[T] // kept for the next senders
}

// Load is everything that waits.
func (q *Queue[T]) Load() Load { return q.load }

// Oldest is the entry that was pushed first; nil if nothing waits.
func (q *Queue[T]) Oldest() *Entry[T] { return q.all.head }

// Push adds a request of a sender, behind its others.
func (q *Queue[T]) Push(s Sender, e *Entry[T]) { q.push(s, e, (*list[T]).push) }

// PushFirst adds a request of a sender before its others, but behind one that has been started.
func (q *Queue[T]) PushFirst(s Sender, e *Entry[T]) { q.push(s, e, (*list[T]).pushFirst) }

func (q *Queue[T]) push(s Sender, e *Entry[T], into func(*list[T], *Entry[T])) {
	f := q.flowOf(s.clamp())
	e.flow, e.started = f, false
	q.all.push(e)
	into(&f.list, e)
	f.requests++
	q.load.Requests++
	q.load.Items += e.Items
	q.add(f, e.Cost)
}

// Remove takes out a request and what is left of it. An entry that is not queued is left alone.
func (q *Queue[T]) Remove(e *Entry[T]) {
	f := e.flow
	if f == nil {
		return
	}
	e.flow = nil
	q.all.remove(e)
	f.list.remove(e)
	f.requests--
	q.load.Requests--
	q.load.Items -= e.Items
	q.add(f, -e.Cost)
	if f.list.head == nil {
		q.retire(f)
	}
}

// Next returns the request whose next item is to run; nil if nothing waits. It belongs to the most
// urgent level that waits, unless a less urgent level is owed at least the cost of its next item.
func (q *Queue[T]) Next() *Entry[T] {
	top := q.top()
	if top == Priorities {
		return nil
	}
	for i := top + 1; i < Priorities; i++ {
		l := &q.levels[i]
		if l.turn == nil || l.owed <= 0 {
			continue
		}
		if f := l.next(q.Quantum); l.owed >= lowPriorityShare*int64(f.nextCost()) {
			return f.list.head
		}
	}
	return q.levels[top].next(q.Quantum).list.head
}

// Take removes the next item of a request that [Queue.Next] named, and the request with its last
// item. The argument is the cost of the item after that; it has no meaning for the last one.
func (q *Queue[T]) Take(e *Entry[T], next int) {
	f, cost := e.flow, e.Next
	q.charge(f)
	e.Items--
	e.Cost -= cost
	e.Next, e.started = next, true
	q.load.Items--
	q.add(f, -cost)
	if e.Items == 0 {
		q.Remove(e)
	}
}

// add adds to the waiting cost of a flow, its level and the queue.
func (q *Queue[T]) add(f *flow[T], cost int) {
	q.load.Cost += cost
	f.cost += cost
	q.levels[f.sender.Priority].cost += cost
}

// top is the most urgent level with waiting requests; Priorities if there is none.
func (q *Queue[T]) top() int {
	for i := range q.levels {
		if q.levels[i].turn != nil {
			return i
		}
	}
	return Priorities
}

// charge deducts the cost of a flow's next item from its deficit, and updates what levels owe each
// other.
func (q *Queue[T]) charge(f *flow[T]) {
	cost := f.nextCost()
	f.deficit -= cost
	top := q.top()
	if p := f.sender.Priority; p != top {
		q.levels[p].owed -= lowPriorityShare * int64(cost)
		return
	}
	for i := top + 1; i < Priorities; i++ {
		if q.levels[i].turn != nil {
			q.levels[i].owed += int64(cost)
		}
	}
}
