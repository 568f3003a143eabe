package metrics

import (
	"runtime/metrics"
	"time"

	"github.com/crossrank/crossrank/internal/procstat"
)

// usage is what the process has used so far, and what was kept from it; nil where that is not
// known.
type usage struct {
	cpu        *time.Duration // by all threads, in the program and in the kernel on its behalf
	gc         *time.Duration // of it, by the garbage collector, as the runtime estimates
	rss        *int64         // bytes resident now
	heap       int64          // bytes of objects now
	goroutines int            // now
	files      *int           // open descriptors now
	steal      *time.Duration // time of the machine's cores that its host gave to others
	throttled  *time.Duration // time that the control group was held back by its quota
}

// readUsage asks the runtime and the system. It takes some 50 µs.
func readUsage() usage {
	u := usage{
		cpu: procstat.CPU(), rss: procstat.OwnResident(), files: procstat.OpenFiles(),
		steal: procstat.Stolen(), throttled: procstat.Throttled(),
	}
	asked := []metrics.Sample{
		{Name: "/cpu/classes/gc/total:cpu-seconds"},
		{Name: "/memory/classes/heap/objects:bytes"},
		{Name: "/sched/goroutines:goroutines"},
	}
	metrics.Read(asked)
	u.gc = new(time.Duration(asked[0].Value.Float64() * float64(time.Second)))
	u.heap = int64(asked[1].Value.Uint64())
	u.goroutines = int(asked[2].Value.Uint64())
	return u
}
