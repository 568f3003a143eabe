package definition

import (
	"strings"
	"testing"
)

func TestRampFaults(t *testing.T) {
	for _, c := range []struct{ name, load, want string }{
		{"workers", "ramp_to: 8, duration: 10s", ""},
		{"a rate", "ramp_to: 2.5, duration: 10s, arrival: {process: poisson, rate: 1}", ""},
		{"no duration", "ramp_to: 8", "needs a duration, over which"},
		{"half a worker", "ramp_to: 8.5, duration: 10s", "is a number of workers in a closed loop, from 1 to 4096, not 8.5"},
		{"too many workers", "ramp_to: 5000, duration: 10s", "from 1 to 4096, not 5000"},
		{"a replay", "ramp_to: 8, duration: 10s, arrival: {process: replay, trace: x}", "has no effect on replay"},
		{"a search", "ramp_to: 8, duration: 10s, arrival: {process: poisson}, objective: {percentile: 99, latency_ms: 100}", "cannot stand beside an objective"},
		{"a steady state", "ramp_to: 8, duration: 10s, stability: {window: 1s}", "cannot stand beside stability"},
	} {
		s, err := Parse("x", []byte("name: x\nexperiment: {"+c.load+"}"))
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		got := strings.Join(Faults(s), "; ")
		if (c.want == "") != (got == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}
