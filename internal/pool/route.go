package pool

import (
	"cmp"
	"context"
	"math"
	"time"

	"github.com/crossrank/crossrank/internal/batch"
	"github.com/crossrank/crossrank/internal/bert"
)

// submit queues a request at the instance that it is routed to, or refuses it. Two requests that arrive together are routed
// one after the other, the second with the first in its queue.
func (p *Pool) submit(ctx context.Context, from batch.Sender, items []Item) (batch.Ticket[bert.Sequence, float32], error) {
	cost := 0
	for i := range items {
		cost += items[i].Cost
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return batch.Ticket[bert.Sequence, float32]{}, batch.ErrClosed
	}
	loads, total := p.loads()
	if p.maxQueued > 0 && total.Cost > 0 && cost > p.maxQueued-total.Cost {
		return batch.Ticket[bert.Sequence, float32]{}, &batch.FullError{
			Cost: cost, Queued: total.Cost, Running: total.RunningCost, Max: p.maxQueued,
		}
	}
	i := p.choose(loads, cost)
	ticket, err := p.instances[i].queue.Submit(ctx, from, items)
	if err == nil {
		p.turn = (i + 1) % len(p.instances)
	}
	return ticket, err
}

// choose returns the instance that a request of that cost is routed to. Of instances that are alike it is the first from
// the one whose turn it is.
func (p *Pool) choose(loads []batch.Stats, cost int) int {
	best, least := p.turn, math.Inf(1)
	if p.routing == RoundRobin {
		return best
	}
	usual := cmp.Or(p.usualSpeed(), 1)
	for k := range p.instances {
		i := (p.turn + k) % len(p.instances)
		var burden float64
		if p.routing == LeastBusy {
			burden = float64(loads[i].Items + loads[i].RunningItems)
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

// Backlog is how long that many tokens take all instances together at their measured speeds, in whole milliseconds rounded
// up; 0 if nothing has been measured.
func (p *Pool) Backlog(tokens int) time.Duration {
	usual := p.usualSpeed()
	if usual == 0 {
		return 0
	}
	millis := math.Ceil(1000 * float64(tokens) / (usual * float64(len(p.instances))))
	return time.Duration(min(millis, 1e9)) * time.Millisecond
}

// Ahead is about how many tokens are computed before the first of a request that a sender would add now. Where every instance
// has a queue of its own, it is that of all of them together, as [Pool.Backlog] takes it.
func (p *Pool) Ahead(from batch.Sender) int {
	sum := 0
	for _, q := range p.queues() {
		sum += q.Ahead(from)
	}
	return sum
}

// loads are what waits and runs at each instance with a queue of its own, and their sum.
func (p *Pool) loads() (each []batch.Stats, total batch.Stats) {
	each = make([]batch.Stats, len(p.instances))
	for i, in := range p.instances {
		each[i] = in.queue.Stats()
		total = add(total, each[i])
	}
	return each, total
}

func add(a, b batch.Stats) batch.Stats {
	return batch.Stats{
		Requests: a.Requests + b.Requests, Items: a.Items + b.Items, Cost: a.Cost + b.Cost, Oldest: max(a.Oldest, b.Oldest),
		RunningItems: a.RunningItems + b.RunningItems, RunningCost: a.RunningCost + b.RunningCost,
	}
}
