package fairqueue

import "math"

// lowPriorityShare is how many times as much the most urgent waiting priority gets as each less
// urgent one.
const lowPriorityShare = 8

// level is a ring of the flows of one priority, which take turns. The zero value is empty.
type level[T any] struct {
	turn  *flow[T] // the flow to serve next; nil if nothing waits
	flows int
	cost  int   // waiting
	owed  int64 // lowPriorityShare times the cost that more urgent levels owe this one
}

// next returns the flow that the next item is taken from. It returns the same flow until that item
// is taken.
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

// skipRounds gives every flow its quanta for all rounds in which no deficit would cover a next
// item, in one step.
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
