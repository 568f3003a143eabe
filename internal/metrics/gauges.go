package metrics

import "github.com/crossrank/crossrank/internal/state"

// Gauges are read when a sample is taken and when Prometheus asks. Each may be nil: what it would
// report is then not measured, except for InFlight. They are called from several goroutines and
// must be quick.
type Gauges struct {
	Queue     func() state.Queue
	Batches   func() state.Batches
	Cache     func() state.Cache
	Prefixes  func() state.Prefixes
	Cascade   func() state.Cascade
	Device    func() *state.Device // nil: none is used
	GPUs      func() []state.GPU   // that models compute on, by their drivers
	Instances func() []state.Instance

	// InFlight is how many requests are being worked on; nil means those inside the observed
	// scorer.
	InFlight func() int
}

func read[T any](gauge func() T) *T {
	if gauge == nil {
		return nil
	}
	return new(gauge())
}
