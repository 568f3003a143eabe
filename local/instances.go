package local

import (
	"errors"
	"fmt"

	"github.com/crossrank/crossrank/internal/backend"
	"github.com/crossrank/crossrank/internal/checkpoint"
	"github.com/crossrank/crossrank/internal/topology"
)

// open reads a model and starts the engines that o asks for, all on the weights of the first, which
// are packed while they are read. The weights must fit the memory; 0 means that it is not known.
// After an error none is left open.
func (o Options) open(name, path string, memory int64) (m *checkpoint.Model, engines []backend.Engine, err error) {
	opening, err := checkpoint.Begin(path)
	if err != nil {
		return nil, nil, err
	}
	o.Quantization = backend.Precision(o.Backend, o.Quantization, opening.Stored())
	if err := o.checkMemory(opening.Network, memory); err != nil {
		return nil, nil, errors.Join(fmt.Errorf("opening model %s: %w", name, err), opening.Close())
	}
	packing, err := backend.Begin(o.Backend, opening.Network, backend.Options{Device: o.Device, Precision: o.Quantization})
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("opening model %s: %w", name, err), opening.Close())
	}
	if m, err = opening.Read(packing); err != nil {
		return nil, nil, err
	}
	if engines, err = o.engines(packing, o.maxLength(m)); err != nil {
		return nil, nil, fmt.Errorf("opening model %s: %w", name, err)
	}
	return m, engines, nil
}

// engines starts an engine for each instance. A device has one engine for all of them, and takes
// as many batches at once as there are instances.
func (o Options) engines(packed backend.Opening, maxLength int) (engines []backend.Engine, err error) {
	groups := o.groups(topology.Here())
	first, err := packed.Start(backend.Options{
		Threads: groups[0].Threads, CPUs: groups[0].CPUs, MaxTokens: maxLength, PrefixBytes: o.PrefixBytes, InFlight: len(o.Instances),
	})
	if err != nil {
		return nil, err
	}
	engines = append(engines, first)
	if !first.Properties().OnCores {
		return engines, nil
	}
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
