package fairqueue

// Backlog is the waiting cost as the sender of one more request sees it. Of less urgent work, only
// the part that runs before the sender's own counts: at most one eighth of what waits at its own
// and at more urgent priorities.
type Backlog struct {
	All    int // cost at the sender's priority and more urgent ones, and the part of less urgent ones that counts
	Before int // of that, about what is run before the last item of the request
	Own    int // cost of the same caller at the sender's priority and more urgent ones
	Flows  int // that take turns, the sender's own among them
	Total  int // cost at all priorities

	OwnRequests int // requests that Own is the cost of
}

// Add is the backlog of two queues together, over which callers spread their requests.
func (b Backlog) Add(other Backlog) Backlog {
	return Backlog{
		All: b.All + other.All, Before: b.Before + other.Before, Own: b.Own + other.Own,
		Flows: max(b.Flows, other.Flows), Total: b.Total + other.Total, OwnRequests: b.OwnRequests + other.OwnRequests,
	}
}

// Backlog is what waits, as the sender of a request of that cost sees it.
func (q *Queue[T]) Backlog(s Sender, cost int) Backlog {
	s = s.clamp()
	b := Backlog{Total: q.load.Cost, Before: q.Ahead(s, cost)}
	present := 0
	for i := range s.Priority + 1 {
		b.All += q.levels[i].cost
		b.Flows += q.levels[i].flows
		if f := q.flows[Sender{Caller: s.Caller, Priority: i}]; f != nil {
			b.Own += f.cost
			b.OwnRequests += f.requests
			present = 1
		}
	}
	b.Flows += 1 - present
	b.All += q.lessUrgent(s.Priority, b.All)
	return b
}

// Ahead is about how much cost is run before the last item of a request of that cost, if its sender
// added it now. That is what waits of the sender already, all that is more urgent, what less urgent
// work is owed, and of each other flow of the same priority as many turns as the sender needs.
func (q *Queue[T]) Ahead(s Sender, cost int) int {
	s = s.clamp()
	own := 0
	if f := q.flows[s]; f != nil {
		own = f.cost
	}
	turns := 1
	if n := min(own, maxCost) + min(cost, maxCost); n > q.Quantum {
		turns = (n + q.Quantum - 1) / q.Quantum
	}
	sum := own
	l := &q.levels[s.Priority]
	f := l.turn
	for range l.flows {
		if f.sender != s {
			sum += min(f.cost, turns*q.Quantum)
		}
		f = f.next
	}
	for i := range s.Priority {
		sum += q.levels[i].cost
	}
	return sum + q.lessUrgent(s.Priority, sum)
}

// lessUrgent estimates how much work below a priority runs while the given cost at or above it
// runs.
func (q *Queue[T]) lessUrgent(priority, cost int) int {
	sum := 0
	for i := priority + 1; i < Priorities; i++ {
		sum += min(q.levels[i].cost, cost/lowPriorityShare)
	}
	return sum
}
