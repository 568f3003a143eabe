package local

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/crossrank/crossrank/internal/backend"
	"github.com/crossrank/crossrank/internal/backend/catalog"
	"github.com/crossrank/crossrank/internal/network"
	"github.com/crossrank/crossrank/internal/topology"
)

// checkMemory refuses a network whose weights do not fit the memory that a process can have here,
// before they are read: that would take minutes, and then the system would end the process.
func (o Options) checkMemory(n *network.Network, limit int64) error {
	take := func(precision string) int64 {
		return backend.EngineBytes(o.Backend, n, backend.Options{Device: o.Device, Precision: precision}, len(o.groups(topology.Here())))
	}
	need := take(o.Quantization)
	if need <= limit || limit <= 0 {
		return nil
	}
	advice := "use a machine with more memory"
	for _, smaller := range []string{"bf16", "fp16", "int8"} {
		if !slices.Contains(catalog.Precisions(o.Backend), smaller) || n.File != "" {
			continue
		}
		if bytes := take(smaller); bytes <= limit && bytes < need {
			advice = fmt.Sprintf("%s takes %s, so use that, or a machine with more memory", smaller, gigabytes(bytes))
			break
		}
	}
	return fmt.Errorf("its weights take %s of memory, more than the %s that a process can have here; %s",
		gigabytes(need), gigabytes(limit), advice)
}

func gigabytes(n int64) string { return fmt.Sprintf("%.1f GB", float64(n)/1e9) }

// memoryLimit is the memory of a machine and of a control group, by the system's files; 0 if they
// say nothing.
func memoryLimit(read func(name string) ([]byte, error)) (limit int64) {
	if text, err := read("/proc/meminfo"); err == nil {
		for line := range strings.Lines(string(text)) {
			if f := strings.Fields(line); len(f) == 3 && f[0] == "MemTotal:" {
				kilobytes, _ := strconv.ParseInt(f[1], 10, 64) // 0 if it is no number
				limit = kilobytes << 10
			}
		}
	}
	if text, err := read("/sys/fs/cgroup/memory.max"); err == nil {
		if most, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64); err == nil && (limit == 0 || most < limit) {
			limit = most
		}
	}
	return limit
}
