package local

import (
	"errors"

	"github.com/crossrank/crossrank/internal/backend"
	"github.com/crossrank/crossrank/internal/checkpoint"
	"github.com/crossrank/crossrank/internal/topology"
)

// engines starts the engines that o asks for, all on the weights of the first. After an error none
// is left open.
func (o Options) engines(m *checkpoint.Model) (engines []backend.Engine, err error) {
	groups := o.groups(topology.Here())
	first, err := backend.Open(o.Backend, m.Network, backend.Options{
		Threads: groups[0].Threads, CPUs: groups[0].CPUs, Precision: o.Quantization, MaxTokens: o.maxLength(m),
	})
	if err != nil {
		return nil, err
	}
	engines = append(engines, first)
	for _, g := range groups[1:] {
		replica, err := first.Replica(g.Threads, g.CPUs)
		if err != nil {
			return nil, errors.Join(err, closeAll(engines))
		}
		engines = append(engines, replica)
	}
	return engines, nil
}

// maxLength is the most tokens of a pair: the model's own maximum, or a lower one that is asked
// for, which makes the engines' memory smaller.
func (o Options) maxLength(m *checkpoint.Model) int {
	if o.MaxLength > 0 {
		return min(m.MaxLength, o.MaxLength)
	}
	return m.MaxLength
}

func closeAll(engines []backend.Engine) error {
	var errs []error
	for _, e := range engines {
		errs = append(errs, e.Close())
	}
	return errors.Join(errs...)
}
