package pool

import (
	"cmp"
	"context"
	"math"

	"github.com/crossrank/crossrank/internal/batch"
	"github.com/crossrank/crossrank/internal/fairqueue"
	"github.com/crossrank/crossrank/internal/network"
	"github.com/crossrank/crossrank/internal/state"
)

// submit queues a request at the instance that it is routed to, or refuses it. Of two requests that
// arrive together, the second is routed with the first in its queue.
func (p *Pool) submit(ctx context.Context, from fairqueue.Sender, items []Item) (batch.Ticket[network.Sequence, float32], error) {
	tokens := tokensOfItems(items)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return batch.Ticket[network.Sequence, float32]{}, batch.ErrClosed
	}
	queues, total := p.queueStates()
	if err := p.admissionErr(from, tokens, total); err != nil {
		return batch.Ticket[network.Sequence, float32]{}, err
	}
	i := p.choose(queues, tokens)
	ticket, err := p.instances[i].queue.Submit(ctx, from, items)
	if err == nil {
		p.turn = (i + 1) % len(p.instances)
	}
	return ticket, err
}

func tokensOfItems(items []Item) int {
	tokens := 0
	for i := range items {
		tokens += items[i].Tokens
	}
	return tokens
}

// admissionErr returns, with p.mu held, why a request may not wait behind what all queues hold
// together, and nil if it may.
func (p *Pool) admissionErr(from fairqueue.Sender, tokens int, total state.Queue) error {
	var waiting fairqueue.Backlog
	for _, in := range p.instances {
		waiting = waiting.Add(in.queue.Backlog(from, tokens))
	}
	err := p.limit.Check(waiting, tokens, p.throughput())
	if full, ok := err.(*batch.FullError); ok {
		full.Running = total.RunningTokens
	}
	return err
}

// choose returns the instance that a request of that many tokens is routed to. Of equally good
// instances it is the first, counted from the one whose turn it is.
func (p *Pool) choose(queues []state.Queue, tokens int) int {
	if p.routing == RoundRobin {
		return p.turn
	}
	best, least := p.turn, math.Inf(1)
	usual := cmp.Or(p.meanSpeed(), 1)
	for k := range p.instances {
		i := (p.turn + k) % len(p.instances)
		var burden float64
		if p.routing == LeastBusy {
			burden = float64(queues[i].Pairs + queues[i].RunningPairs)
		} else {
			burden = p.instances[i].timeToFinish(queues[i], tokens, usual)
		}
		if burden < least {
			best, least = i, burden
		}
	}
	return best
}
