package fairqueue

import "math"

// lowPriorityShare is how much of the most urgent priority that waits is taken for one of each less
// urgent one that waits too.
const lowPriorityShare = 8

// level is the flows of one priority, which stand in a ring and take turns. The zero value is
// empty.
type level[T any] struct {
	turn  *flow[T] // whose turn it is; nil if nothing waits
	flows int
	cost  int   // waiting
	owed  int64 // lowPriorityShare times the cost that more urgent levels owe this one
}

// next is the flow that the next item is taken from. Asked again before that item is taken, it
// gives the same.
func (l *level[T]) next(quantum int) *flow[T] {
	for {
		for range l.flows {
			f := l.turn
			if f.deficit >= f.nextCost() || f.mayFinish(quantum) {
				return f
			}
			f.deficit += quantum
			l.turn = f.next
		}
		l.skipRounds(quantum)
	}
}

// skipRounds gives every flow what it would get in the rounds in which none can pay for its next
// item.
func (l *level[T]) skipRounds(quantum int) {
	rounds := math.MaxInt
	f := l.turn
	for range l.flows {
		missing := max(0, f.nextCost()-f.deficit)
		rounds = min(rounds, missing/quantum+min(1, missing%quantum))
		f = f.next
	}
	for range l.flows {
		f.deficit += rounds * quantum
		f = f.next
	}
}

// join gives a flow the last turn of this round.
func (l *level[T]) join(f *flow[T]) {
	l.flows++
	if l.turn == nil {
		l.turn, f.prev, f.next = f, f, f
		return
	}
	f.prev, f.next = l.turn.prev, l.turn
	f.prev.next, f.next.prev = f, f
}

func (l *level[T]) leave(f *flow[T]) {
	l.flows--
	if l.flows == 0 {
		l.turn, l.owed = nil, 0
	} else {
		f.prev.next, f.next.prev = f.next, f.prev
		if l.turn == f {
			l.turn = f.next
		}
	}
	f.prev, f.next = nil, nil
}

// Next is the request whose next item comes next; nil if nothing waits. It is one of the most
// urgent level, unless a less urgent one is owed as much as its own next item costs.
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

// top is the most urgent level that waits; Priorities if none does.
func (q *Queue[T]) top() int {
	for i := range q.levels {
		if q.levels[i].turn != nil {
			return i
		}
	}
	return Priorities
}

// charge has a flow pay for its next item.
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
