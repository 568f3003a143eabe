package batch

import "math"

// Sender says whose a request is, and how urgent. In the zero value all share one turn in the most urgent class.
type Sender struct {
	Caller string // requests with equal ones share one turn; any text
	Class  int    // from 0, the most urgent, to Classes−1; what is beyond either is taken for it
}

func (s Sender) clamp() Sender {
	s.Class = min(max(s.Class, 0), Classes-1)
	return s
}

// Classes is how many degrees of urgency there are.
const Classes = 4

// yield is how much of the most urgent class that waits is taken for one of each less urgent one that waits too.
const yield = 8

// maxPrice bounds what an item counts for in the sums below, so that no cost, however absurd, overflows them.
const maxPrice = 1 << 29

// flow is what waits of one sender.
type flow[T, R any] struct {
	sender Sender
	list   list[T, R] // its requests; never empty while the flow is in use
	cost   int        // waiting

	credit           int // what it may still take in this turn, in cost; below 0 after it took more than was its due
	previous, behind *flow[T, R]
}

// price is what the next item of the flow counts for.
func (f *flow[T, R]) price() int {
	r := f.list.head
	return min(r.items[r.place()].Cost, maxPrice)
}

// midway tells that the flow's next request is begun and could be done within a turn. It is then done in this one, on credit:
// a break would keep its caller waiting for a round, and what is done of it would be lost if it came too late.
func (f *flow[T, R]) midway(quantum int) bool {
	r := f.list.head
	return r.next > 0 && r.cost <= quantum
}

// class is the flows of one urgency, which stand in a ring and take turns. The zero value is empty.
type class[T, R any] struct {
	turn  *flow[T, R] // whose turn it is; nil if nothing waits
	flows int
	cost  int   // waiting
	owed  int64 // yield times the cost that more urgent classes owe this one
}

// next is the flow that the next item is taken from. It changes nothing if it is asked again before that is done.
//
// It is deficit round robin (Shreedhar and Varghese, 1995): a turn lasts while the flow can pay for its next item, what it
// has left it keeps for its next turn, and a quantum is added at the end of each.
func (c *class[T, R]) next(quantum int) *flow[T, R] {
	for {
		for range c.flows {
			f := c.turn
			if f.credit >= f.price() || f.midway(quantum) {
				return f
			}
			f.credit += quantum
			c.turn = f.behind
		}
		c.skip(quantum)
	}
}

// skip gives every flow what it would get in the rounds in which nobody can pay for an item.
func (c *class[T, R]) skip(quantum int) {
	rounds := math.MaxInt
	f := c.turn
	for range c.flows {
		missing := max(0, f.price()-f.credit)
		rounds = min(rounds, missing/quantum+min(1, missing%quantum))
		f = f.behind
	}
	for range c.flows {
		f.credit += rounds * quantum
		f = f.behind
	}
}

// join lets a flow have the last turn of this round.
func (c *class[T, R]) join(f *flow[T, R]) {
	c.flows++
	if c.turn == nil {
		c.turn, f.previous, f.behind = f, f, f
		return
	}
	f.previous, f.behind = c.turn.previous, c.turn
	f.previous.behind, f.behind.previous = f, f
}

func (c *class[T, R]) leave(f *flow[T, R]) {
	c.flows--
	if c.flows == 0 {
		c.turn, c.owed = nil, 0
	} else {
		f.previous.behind, f.behind.previous = f.behind, f.previous
		if c.turn == f {
			c.turn = f.behind
		}
	}
	f.previous, f.behind = nil, nil
}

// next is the request whose next item comes next; nil if none waits. That is one of the most urgent class, unless a less
// urgent one is owed as much as its own next item costs.
func (q *queue[T, R]) next() *request[T, R] {
	top := q.top()
	if top == Classes {
		return nil
	}
	for i := top + 1; i < Classes; i++ {
		c := &q.classes[i]
		if c.turn == nil || c.owed <= 0 {
			continue
		}
		if f := c.next(q.quantum); c.owed >= yield*int64(f.price()) {
			return f.list.head
		}
	}
	return q.classes[top].next(q.quantum).list.head
}

// top is the most urgent class that waits; Classes if none does.
func (q *queue[T, R]) top() int {
	for i := range q.classes {
		if q.classes[i].turn != nil {
			return i
		}
	}
	return Classes
}

// charge has a flow pay for its next item.
func (q *queue[T, R]) charge(f *flow[T, R]) {
	price := f.price()
	f.credit -= price
	top := q.top()
	if c := f.sender.Class; c != top {
		q.classes[c].owed -= yield * int64(price)
		return
	}
	for i := top + 1; i < Classes; i++ {
		if q.classes[i].turn != nil {
			q.classes[i].owed += int64(price)
		}
	}
}

// flowOf is the flow of a sender, which is put to use if it is not in use yet.
func (q *queue[T, R]) flowOf(s Sender) *flow[T, R] {
	if f := q.flows[s]; f != nil {
		return f
	}
	var f *flow[T, R]
	if n := len(q.spare); n > 0 {
		f, q.spare = q.spare[n-1], q.spare[:n-1]
	} else {
		f = &flow[T, R]{list: list[T, R]{which: 1}}
	}
	f.sender, f.credit = s, q.quantum
	if q.flows == nil {
		q.flows = map[Sender]*flow[T, R]{}
	}
	q.flows[s] = f
	q.classes[s.Class].join(f)
	return f
}

// maxSpare bounds the flows that are kept for the next senders.
const maxSpare = 64

// retire takes a flow that has nothing waiting out of use. What it had left of its turn is lost: whoever has nothing to run
// saves nothing up.
func (q *queue[T, R]) retire(f *flow[T, R]) {
	q.classes[f.sender.Class].leave(f)
	delete(q.flows, f.sender)
	f.sender = Sender{}
	if len(q.spare) < maxSpare {
		q.spare = append(q.spare, f)
	}
}
