package config

import (
	"slices"

	"github.com/crossrank/crossrank/internal/backend/catalog"
	"github.com/crossrank/crossrank/internal/keypath"
	"github.com/crossrank/crossrank/internal/strictyaml"
)

// Served is one model, and the instances that compute it.
type Served struct {
	Model     string
	Aliases   []string   // further names of it; all of its instances' together
	Instances []Instance // every replica as one instance; all name Model
}

// Served gives the models of the pool, in the order of their first instances. The first is the
// default model, of requests that name none.
func (s Settings) Served() []Served {
	var models []Served
	at := map[string]int{}
	for _, in := range s.filled() {
		i, ok := at[in.Model]
		if !ok {
			i = len(models)
			at[in.Model] = i
			models = append(models, Served{Model: in.Model})
		}
		for _, alias := range in.Aliases {
			if !slices.Contains(models[i].Aliases, alias) {
				models[i].Aliases = append(models[i].Aliases, alias)
			}
		}
		copies := in.Replicas
		in.Replicas = 1
		for range copies {
			models[i].Instances = append(models[i].Instances, in)
		}
	}
	return models
}

// Automatic reports whether the settings leave it to the machine how many instances there are and
// how many threads each has.
func (s Settings) Automatic() bool {
	instances := s.filled()
	return len(instances) == 1 && instances[0].Replicas == 1 && instances[0].Threads == 0
}

// OnCores reports whether an instance computes on CPU cores, not on a device.
func (in Instance) OnCores() bool { return catalog.OnCores(in.Backend, in.Device) }

// filled gives the instances with the file's model where they name none; one if there is none.
func (s Settings) filled() []Instance {
	instances := append([]Instance(nil), s.ModelPool.Instances...)
	if len(instances) == 0 {
		instances = Default().ModelPool.Instances
	}
	for i := range instances {
		if instances[i].Model == "" {
			instances[i].Model = s.Model
			instances[i].Aliases = slices.Concat(s.Aliases, instances[i].Aliases)
		}
	}
	return instances
}

// conflictingInstances reports the instances that would compute other scores than an earlier one of
// the same model: which of them computes a request is chance.
func (s Settings) conflictingInstances(add strictyaml.Report) {
	first := map[string]int{}
	instances := s.filled()
	for i, in := range instances {
		k, ok := first[in.Model]
		if !ok {
			first[in.Model] = i
			continue
		}
		was := instances[k]
		for _, d := range []struct {
			key     string
			is, was any
		}{
			{"backend", in.Backend, was.Backend},
			{"quantization", in.Quantization, was.Quantization},
			{"max_length", in.MaxLength, was.MaxLength},
		} {
			if d.is != d.was {
				add(keypath.Join(keypath.Element(instancesKey, i), d.key),
					"is %v, but instances[%d] of the same model has %v; instances of one model must give the same scores",
					d.is, k, d.was)
				break
			}
		}
	}
}
