package serving

import (
	"log/slog"

	"github.com/crossrank/crossrank/internal/config"
	"github.com/crossrank/crossrank/internal/server"
	"github.com/crossrank/crossrank/internal/topology"
)

// threadsOf gives the threads of an instance that names none: an equal part of the cores, at least
// one.
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
	warning, err := topology.CheckThreads(total, cores)
	if err != nil {
		return &server.SettingError{Path: "model_pool.instances", Err: err}
	}
	if warning != "" {
		log.Warn("model_pool.instances: "+warning, "instances", instances, "threads", total, "cores", cores)
	}
	return nil
}

// cores is how many this process may use.
func cores() int { return topology.Here().Processors }
