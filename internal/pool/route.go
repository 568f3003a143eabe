package pool

import (
	"cmp"
	"context"
	"math"
	"time"

	"github.com/crossrank/crossrank/internal/batch"
	"github.com/crossrank/crossrank/internal/network"
	"github.com/crossrank/crossrank/internal/state"
)

// submit queues a request at the instance that it is routed to, or refuses it. Two requests that arrive together are routed
// one after the other, the second with the first in its queue.
func (p *Pool) submit(ctx context.Context, from batch.Sender, items []Item) (batch.Ticket[network.Sequence, float32], error) {
	cost := 0
	for i := range items {
		cost += items[i].Cost
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return batch.Ticket[network.Sequence, float32]{}, batch.ErrClosed
	}
	loads, total := p.loads()
	if err := p.admit(from, cost, total); err != nil {
		return batch.Ticket[network.Sequence, float32]{}, err
	}
	i := p.choose(loads, cost)
	ticket, err := p.instances[i].queue.Submit(ctx, from, items)
	if err == nil {
		p.turn = (i + 1) % len(p.instances)
	}
	return ticket, err
}

// admit says, with p.mu held, why a request may not wait, if it may not, beside what waits in all queues together.
func (p *Pool) admit(from batch.Sender, cost int, total state.Queue) error {
	var w batch.Backlog
	for _, in := range p.instances {
		w = w.Add(in.queue.Backlog(from, cost))
	}
	err := p.bound.Check(w, cost, p.pace())
	if full, ok := err.(*batch.FullError); ok {
		full.Running = total.RunningTokens
	}
	return err
}

// choose returns the instance that a request of that cost is routed to. Of instances that are alike it is the first from
// the one whose turn it is.
func (p *Pool) choose(loads []state.Queue, cost int) int {
	best, least := p.turn, math.Inf(1)
	if p.routing == RoundRobin {
		return best
	}
	usual := cmp.Or(p.usualSpeed(), 1)
	for k := range p.instances {
		i := (p.turn + k) % len(p.instances)
		var burden float64
		if p.routing == LeastBusy {
			burden = float64(loads[i].Pairs + loads[i].RunningPairs)
		} else {
			burden = p.instances[i].expect(loads[i], cost, usual)
		}
		if burden < least {
			best, least = i, burden
		}
	}
	return best
}

// usualSpeed is the mean of the speeds that have been measured, in tokens a second; 0 if none has. It stands for the speed of
// an instance that has computed nothing yet.
func (p *Pool) usualSpeed() float64 {
	sum, n := 0.0, 0
	for _, in := range p.instances {
		if v := in.speed.rate(); v > 0 {
			sum += v
			n++
		}
	}
	if n == 0 {
		return 0
	}
	return sum / float64(n)
}

// pace is how many tokens all instances together compute in a second; 0 if nothing has been measured.
func (p *Pool) pace() float64 { return p.usualSpeed() * float64(len(p.instances)) }

// Backlog is how long that many tokens take all instances together at their measured speeds, in whole milliseconds rounded
// up; 0 if nothing has been measured.
func (p *Pool) Backlog(tokens int) time.Duration {
	pace := p.pace()
	if pace == 0 {
		return 0
	}
	return time.Duration(min(math.Ceil(1000*float64(tokens)/pace), 1e9)) * time.Millisecond
}

// loads are what waits and runs at each instance with a queue of its own, and their sum.
func (p *Pool) loads() (each []state.Queue, total state.Queue) {
	each = make([]state.Queue, len(p.instances))
	for i, in := range p.instances {
		each[i] = in.queue.Queue()
		total.Add(each[i])
	}
	return each, total
}
