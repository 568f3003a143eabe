package local

import (
	"errors"

	"github.com/crossrank/crossrank/internal/backend"
	"github.com/crossrank/crossrank/internal/checkpoint"
)

// engines starts the engines that o asks for, all on the weights of the first. After an error none
// is left open.
func (o Options) engines(m *checkpoint.Model) (engines []backend.Engine, err error) {
	instances := o.instances()
	first, err := backend.Open(o.Backend, m.Network, backend.Options{
		Threads: instances[0].Threads, Precision: o.Quantization, MaxTokens: m.MaxLength,
	})
	if err != nil {
		return nil, err
	}
	engines = append(engines, first)
	for _, in := range instances[1:] {
		replica, err := first.Replica(in.Threads)
		if err != nil {
			return nil, errors.Join(err, closeAll(engines))
		}
		engines = append(engines, replica)
	}
	return engines, nil
}

func closeAll(engines []backend.Engine) error {
	var errs []error
	for _, e := range engines {
		errs = append(errs, e.Close())
	}
	return errors.Join(errs...)
}
