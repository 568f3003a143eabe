package serving

import (
	"log/slog"

	"github.com/crossrank/crossrank/internal/config"
	"github.com/crossrank/crossrank/internal/server"
	"github.com/crossrank/crossrank/internal/topology"
)

// onCores are the instances that compute on CPU cores, not on a device.
func onCores(served []config.Served) (all []config.Instance) {
	for _, one := range served {
		for _, in := range one.Instances {
			if in.OnCores() {
				all = append(all, in)
			}
		}
	}
	return all
}

// threadsOf gives the threads of an instance that names none: an equal part of the cores, at least
// one.
func threadsOf(served []config.Served, cores int) int {
	return max(1, cores/max(1, len(onCores(served))))
}

// checkThreads warns of more threads than cores, and refuses absurdly many.
func checkThreads(s config.Settings, cores int, log *slog.Logger) error {
	served := s.Served()
	total := 0
	for _, in := range onCores(served) {
		if in.Threads == 0 {
			in.Threads = threadsOf(served, cores)
		}
		total += in.Threads
	}
	warning, err := topology.CheckThreads(total, cores)
	if err != nil {
		return &server.SettingError{Path: "model_pool.instances", Err: err}
	}
	if warning != "" {
		log.Warn("model_pool.instances: "+warning, "instances", len(onCores(served)), "threads", total, "cores", cores)
	}
	return nil
}

// cores is how many this process may use.
func cores() int { return topology.Here().Processors }
