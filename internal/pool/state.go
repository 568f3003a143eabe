package pool

import (
	"math"
	"time"

	"github.com/crossrank/crossrank/internal/state"
)

// Instances reports what each instance has done and does now, in the order of the engines.
func (p *Pool) Instances() []state.Instance {
	all := make([]state.Instance, len(p.instances))
	for i, in := range p.instances {
		all[i] = in.report()
	}
	return all
}

// Queue reports what waits and runs at all instances together.
func (p *Pool) Queue() state.Queue {
	if p.shared != nil {
		return p.shared.Queue()
	}
	_, total := p.queueStates()
	return total
}

// queueStates are what waits and runs at each instance with its own queue, and their sum.
func (p *Pool) queueStates() (each []state.Queue, total state.Queue) {
	each = make([]state.Queue, len(p.instances))
	for i, in := range p.instances {
		each[i] = in.queue.Queue()
		total.Add(each[i])
	}
	return each, total
}

// Batches reports the batches of all instances together.
func (p *Pool) Batches() state.Batches {
	var sum state.Batches
	for _, q := range p.queues() {
		sum.Add(q.Batches())
	}
	return sum
}

// meanSpeed is the mean of the speeds that have been measured, in tokens per second; 0 if none has.
// It stands for the speed of an instance that has computed nothing yet.
func (p *Pool) meanSpeed() float64 {
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

// throughput is how many tokens all instances together compute in a second; 0 if nothing has been
// measured.
func (p *Pool) throughput() float64 { return p.meanSpeed() * float64(len(p.instances)) }

// TimeFor is how long that many tokens take all instances together at their measured speeds, in
// whole milliseconds rounded up; 0 if nothing has been measured.
func (p *Pool) TimeFor(tokens int) time.Duration {
	throughput := p.throughput()
	if throughput == 0 {
		return 0
	}
	return time.Duration(min(math.Ceil(1000*float64(tokens)/throughput), 1e9)) * time.Millisecond
}
