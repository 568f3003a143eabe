package serving

import (
	"fmt"
	"log/slog"
	"runtime"

	"github.com/crossrank/crossrank/internal/config"
)

// maxThreadsPerCore is where threads stop being a choice: each takes memory of its own, and none
// computes faster for it.
const maxThreadsPerCore = 128

// threadsOf gives the threads of an instance that names none: an equal part of the cores, at least one.
func threadsOf(served []config.Served, cores int) int {
	instances := 0
	for _, one := range served {
		instances += len(one.Instances)
	}
	return max(1, cores/instances)
}

// checkThreads warns of more threads than cores, and refuses absurdly many.
func checkThreads(s config.Settings, cores int, log *slog.Logger) error {
	served := s.Served()
	instances, total := 0, 0
	for _, one := range served {
		for _, in := range one.Instances {
			instances++
			if in.Threads == 0 {
				in.Threads = threadsOf(served, cores)
			}
			total += in.Threads
		}
	}
	switch most := maxThreadsPerCore * cores; {
	case total > most:
		return fmt.Errorf("model_pool.instances: %d threads of all instances and replicas are too many for %d cores; ask for at most %d",
			total, cores, most)
	case total > cores:
		log.Warn("model_pool.instances has more threads than the machine has cores, which slows all of them down",
			"instances", instances, "threads", total, "cores", cores)
	}
	return nil
}

// cores is how many this process may use.
func cores() int { return runtime.GOMAXPROCS(0) }
