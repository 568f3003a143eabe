package local

import (
	"cmp"
	"fmt"
	"runtime"
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

// instances are the options of each instance, with their threads filled in: those that name no
// number share the cores equally.
func (o Options) instances() []Instance {
	all := append([]Instance(nil), o.Instances...)
	if len(all) == 0 {
		all = make([]Instance, 1)
	}
	for i := range all {
		all[i].Threads = cmp.Or(all[i].Threads, o.Threads, max(1, runtime.GOMAXPROCS(0)/len(all)))
	}
	return all
}

// checkThreads is [CheckThreads] of the instances on this machine.
func (o Options) checkThreads() (warning string, err error) {
	const absurd = 1 << 30 // on any machine; keeps the sum from overflowing
	total := 0
	for _, in := range o.instances() {
		total = min(total, absurd) + min(in.Threads, absurd)
	}
	return CheckThreads(total, runtime.GOMAXPROCS(0))
}

// Warnings are in words what was asked for and works, but is slower than it need be. There are none
// for most models.
func (m *Model) Warnings() []string { return m.warnings }
