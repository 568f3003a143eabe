package experiment

import (
	"testing"
	"time"
)

// A server stalls for a second while 50 requests per second are due: 25 of them wait for more than
// half a second, however late the machine runs anything, and the open loop reports them. That a
// closed loop reports one is shown in virtual time, in package load: a busy machine adds others.
func TestOpenLoopReportsAStall(t *testing.T) {
	slow := func(loop string) (n, all int) {
		out, res, err := run(t, t.Context(), "serve-stall", `
name: stall
model: m
experiment: {batch_sizes: [1], benchmark_requests: 100, warmup: 0, `+loop+`}
`, nil)
		if err != nil || out.Partial || len(res.Configurations) != 1 {
			t.Fatalf("%s: got %+v and %v", loop, out, err)
		}
		for _, r := range res.Configurations[0].Requests {
			if r.Latency() > 500*time.Millisecond {
				n++
			}
		}
		return n, len(res.Configurations[0].Requests)
	}
	open, all := slow("arrival: {process: constant, rate: 50}")
	if open < 20 || all != 100 {
		t.Errorf("open loop: %d of %d requests took over half a second, want at least 20 of 100", open, all)
	}
	if n, all := slow("concurrency_levels: [1]"); n < 1 || all != 100 {
		t.Errorf("closed loop: %d of %d requests took over half a second, want the one that met the stall", n, all)
	}
}
