package batch

import "time"

// Bound says how much may wait. In the zero value there is no bound.
//
// Goals. Memory is bounded, whatever happens. Nothing waits much longer for its turn than is allowed. A caller that asks for
// less than its share is served, however much others ask for. A single large request on an idle machine is served.
//
// Design. The line, L, is the cost that is run at the measured pace within MaxAge, and Max at most. Up to three quarters of it
// whoever comes is admitted. Beyond that only a caller is that would have less than an equal share of L waiting with the
// request, a share for one more left free: at most L/(n+1) where n callers take turns, the request's own among them; and only
// while what goes before the request is no more than L, which of each other caller is its turns and not all that it has. So
// callers that ask for much never get past three quarters: as long as there is that much, they are refused, what
// they have is run, and there is room for the others, who have the last quarter for themselves. And as callers do take turns,
// nothing that is admitted waits longer than MaxAge for its turn, give or take a turn and a batch, unless more urgent work
// comes, or more callers.
//
// Where nothing waits, anything is admitted. A caller of whom nothing waits may go beyond the line with one request, up to Max,
// while no more than three quarters wait of others: otherwise a large one could never run, however patiently its caller came back.
// Without MaxAge the bound is one of memory alone, and whoever comes is admitted up to Max.
//
// Less urgent work counts only as far as it goes before: see [Backlog].
type Bound struct {
	Max    int           // cost; 0 means no bound
	MaxAge time.Duration // 0 means no bound; while the pace is not known, the line is Max
}

// Backlog is what waits, as the sender of one more request sees it.
type Backlog struct {
	All    int // cost of its own class and more urgent ones, and at most an eighth of that of each less urgent one
	Before int // of that, about what is run before the last item of the request
	Own    int // cost of its own class and more urgent ones, its caller's own
	Turns  int // callers that take turns, its own among them
	Total  int // cost of all classes
}

// Check says with a [*FullError] why a request of that cost may not wait, if it may not. The pace is in cost a second; 0 means
// that it is not known.
func (b Bound) Check(w Backlog, cost int, pace float64) error {
	if w.Total == 0 {
		return nil
	}
	if b.Max > 0 && cost > b.Max-w.Total {
		return &FullError{Cost: cost, Queued: w.Total, Max: b.Max}
	}
	line := b.line(pace)
	common := line
	if b.MaxAge > 0 {
		common -= line / 4
	}
	switch {
	case cost <= common-w.All, w.Own == 0 && w.All <= common:
		return nil
	case cost <= line-w.Before && cost <= line/(w.Turns+1)-w.Own:
		return nil
	}
	return &FullError{Cost: cost, Queued: w.All, Max: common}
}

// line is the cost beyond which nobody is admitted whose request is not its first.
func (b Bound) line(pace float64) int {
	line := orUnbounded(b.Max)
	if b.MaxAge > 0 && pace > 0 {
		line = min(line, int(min(pace*b.MaxAge.Seconds(), 1<<62)))
	}
	return line
}

// Add is the backlog of two queues together, over which callers spread what they have.
func (w Backlog) Add(v Backlog) Backlog {
	return Backlog{
		All: w.All + v.All, Before: w.Before + v.Before, Own: w.Own + v.Own, Turns: max(w.Turns, v.Turns), Total: w.Total + v.Total,
	}
}

// Backlog is what waits, as the sender of a request of that cost sees it.
func (b *Batcher[T, R]) Backlog(from Sender, cost int) Backlog {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.queue.backlog(from.clamp(), cost)
}

func (q *queue[T, R]) backlog(s Sender, cost int) Backlog {
	w := Backlog{Total: q.cost, Before: q.ahead(s, cost)}
	present := 0
	for i := range s.Class + 1 {
		w.All += q.classes[i].cost
		w.Turns += q.classes[i].flows
		if f := q.flows[Sender{Caller: s.Caller, Class: i}]; f != nil {
			w.Own += f.cost
			present = 1
		}
	}
	w.Turns += 1 - present
	w.All += q.yielded(s.Class, w.All)
	return w
}

// yielded is how much of classes less urgent than that one is run while so much of it and more urgent ones is.
func (q *queue[T, R]) yielded(class, cost int) int {
	sum := 0
	for i := class + 1; i < Classes; i++ {
		sum += min(q.classes[i].cost, cost/yield)
	}
	return sum
}

// ahead is about how much is run before the last item of a request of that cost that a sender would add now: what its caller
// has waiting already, of each other flow of its class as many turns as that and the request take, all that is more urgent,
// and what is less urgent and owed.
func (q *queue[T, R]) ahead(s Sender, cost int) int {
	own := 0
	if f := q.flows[s]; f != nil {
		own = f.cost
	}
	turns := 1
	if n := min(own, maxPrice) + min(cost, maxPrice); n > q.quantum {
		turns = (n + q.quantum - 1) / q.quantum
	}
	sum := own
	c := &q.classes[s.Class]
	f := c.turn
	for range c.flows {
		if f.sender != s {
			sum += min(f.cost, turns*q.quantum)
		}
		f = f.behind
	}
	for i := range s.Class {
		sum += q.classes[i].cost
	}
	return sum + q.yielded(s.Class, sum)
}
