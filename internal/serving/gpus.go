package serving

import (
	"log/slog"

	"github.com/crossrank/crossrank/internal/gpustat"
	"github.com/crossrank/crossrank/internal/state"
)

// gpusOf says on which GPUs models compute, as far as that is known. None means on the CPU alone.
func gpusOf(models []Model) (ids []state.GPUIdentity) {
	for _, m := range models {
		if device := m.Info().Device; device != "" && device != "cpu" {
			ids = append(ids, m.GPU())
		}
	}
	return ids
}

// watchGPUs returns what reads the figures of the GPUs in use, given all that drivers list.
func watchGPUs(all func() []state.GPU, ids []state.GPUIdentity, log *slog.Logger) func() []state.GPU {
	listed := all()
	used, known := gpustat.Used(listed, ids)
	switch {
	case len(used) == 0:
		log.Debug("no driver gives figures of the GPU in use", "listed", len(listed))
	case known:
		for _, g := range used {
			log.Info("a driver gives figures of the GPU in use", "gpu", g.Index, "name", g.Name, "address", g.PCI)
		}
	case len(listed) > 1:
		log.Info("drivers' figures are of all GPUs: it is not known which of them is in use", "gpus", len(listed))
	}
	return func() []state.GPU {
		used, _ := gpustat.Used(all(), ids)
		return used
	}
}
