package local

import (
	"cmp"
	"runtime"

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
	first, err := native.New(m.Network, native.Options{
		Threads: threads(instances[0]), Precision: native.Precision(o.Quantization), MaxTokens: m.MaxLength,
	})
	if err != nil {
		return nil, err
	}
	engines := []*native.Engine{first}
	for _, in := range instances[1:] {
		engines = append(engines, first.Replica(threads(in)))
	}
	return engines, nil
}
