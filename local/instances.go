package local

import (
	"cmp"
	"runtime"
	"time"

	"github.com/crossrank/crossrank/internal/checkpoint"
	"github.com/crossrank/crossrank/internal/native"
)

// engines starts the engines that o asks for, all on the weights of the first.
func (o Options) engines(m *checkpoint.Model) ([]*native.Engine, error) {
	instances := o.Instances
	if len(instances) == 0 {
		instances = make([]Instance, 1)
	}
	threads := func(in Instance) int {
		return cmp.Or(in.Threads, o.Threads, max(1, runtime.GOMAXPROCS(0)/len(instances)))
	}
	first, err := native.New(m, native.Options{Threads: threads(instances[0]), Precision: native.Precision(o.Quantization)})
	if err != nil {
		return nil, err
	}
	engines := []*native.Engine{first}
	for _, in := range instances[1:] {
		engines = append(engines, first.Replica(threads(in)))
	}
	return engines, nil
}

// InstanceState is the account of one instance at one moment.
type InstanceState struct {
	Threads int // cores that a batch of its is split over

	QueuedPairs, QueuedTokens   int // waiting for it alone; 0 with the routing "first_idle", where all wait for any
	RunningPairs, RunningTokens int // in the batch that it computes

	// Since the start, and never falling. A batch that fails is run again pair by pair: each of those runs counts.
	Batches, Pairs, Tokens int64
	Failures               int64         // runs that ended with an error or a panic; not among the others
	Busy                   time.Duration // time spent in its engine, that of the batch that runs included

	Speed float64 // tokens a second while busy, of the last ten seconds or so; 0 if it has computed nothing
}

// Instances gives the account of each instance. It is cheap enough to be asked often.
func (m *Model) Instances() []InstanceState {
	var states []InstanceState
	for i, s := range m.pipeline.Instances() {
		states = append(states, InstanceState{
			Threads:     m.engines[i].Threads(),
			QueuedPairs: s.QueuedPairs, QueuedTokens: s.QueuedTokens,
			RunningPairs: s.RunningPairs, RunningTokens: s.RunningTokens,
			Batches: s.Batches, Pairs: s.Pairs, Tokens: s.Tokens, Failures: s.Failures, Busy: s.Busy, Speed: s.Speed,
		})
	}
	return states
}
