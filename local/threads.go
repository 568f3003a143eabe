package local

import (
	"cmp"
	"fmt"

	"github.com/crossrank/crossrank/internal/topology"
)

// maxThreadsPerCore is where a number of threads is surely a mistake: each thread takes megabytes
// of memory, and more than one per core gain no speed.
const maxThreadsPerCore = 128

// CheckThreads reports whether a number of threads, over all instances, suits a machine with so
// many cores. More threads than cores give a warning, because they take turns and wait for each
// other within every batch. More than 128 per core give an error.
func CheckThreads(threads, cores int) (warning string, err error) {
	switch most := maxThreadsPerCore * cores; {
	case threads > most:
		return "", fmt.Errorf("threads: %d over all instances exceed the maximum of %d for %d cores; use %d",
			threads, most, cores, cores)
	case threads > cores:
		return fmt.Sprintf("threads: %d over all instances share %d cores and slow each other down; use %d",
			threads, cores, cores), nil
	}
	return "", nil
}

// group is the cores of one instance.
type group = topology.Group

// groups are the cores of each instance. Instances that name no number of threads share the cores
// equally. Where nothing is asked for at all, there is an instance for each group of cores that
// share a cache.
func (o Options) groups(here topology.Topology) []group {
	if len(o.Instances) == 0 && o.Threads == 0 {
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

// checkThreads is [CheckThreads] of the instances on this machine.
func (o Options) checkThreads() (warning string, err error) {
	const absurd = 1 << 30 // on any machine; keeps the sum from overflowing
	total := 0
	for _, g := range o.groups(topology.Here()) {
		total = min(total, absurd) + min(g.Threads, absurd)
	}
	return CheckThreads(total, topology.Here().Processors)
}

// Warnings are in words what was asked for and works, but is slower than it need be, and why the
// backend "auto" took no other backend. There are none for most models.
func (m *Model) Warnings() []string { return m.warnings }
