package local

import (
	"cmp"

	"github.com/crossrank/crossrank/internal/backend/catalog"
	"github.com/crossrank/crossrank/internal/topology"
)

// group is the cores of one instance.
type group = topology.Group

// groups are the cores of each instance. Instances that name no number of threads share the cores
// equally. Where nothing is asked for at all, there is an instance for each group of cores that
// share a cache.
func (o Options) groups(here topology.Topology) []group {
	if !o.asksForCores() {
		return here.Groups()
	}
	all := make([]group, max(1, len(o.Instances)))
	for i := range all {
		if len(o.Instances) > 0 {
			all[i].Threads = o.Instances[i].Threads
		}
		all[i].Threads = cmp.Or(all[i].Threads, o.Threads, max(1, here.Processors/len(all)))
	}
	return all
}

// asksForCores reports whether instances or their threads are asked for.
func (o Options) asksForCores() bool { return len(o.Instances) > 0 || o.Threads > 0 }

// checkThreads is [topology.CheckThreads] of the instances on this machine. On a device there are
// none to check.
func (o Options) checkThreads() (warning string, err error) {
	if !catalog.OnCores(o.Backend, o.Device) {
		return "", nil
	}
	const absurd = 1 << 30 // on any machine; keeps the sum from overflowing
	total := 0
	for _, g := range o.groups(topology.Here()) {
		total = min(total, absurd) + min(g.Threads, absurd)
	}
	return topology.CheckThreads(total, topology.Here().Processors)
}

// Warnings are in words what was asked for and works, but is slower than it need be or means
// something else on the device, and why the backend "auto" took no other backend. There are none for
// most models.
func (m *Model) Warnings() []string { return m.warnings }
