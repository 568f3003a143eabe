package metrics

import (
	"testing"

	"github.com/crossrank/crossrank/internal/state"
)

// TestCountGPUs: drivers fill in what a backend has not counted, and what they do not say stays
// nil.
func TestCountGPUs(t *testing.T) {
	half, full := state.GPU{UsedBytes: new(int64(1000)), BusyPct: new(50.0)}, state.GPU{UsedBytes: new(int64(20)), BusyPct: new(90.0)}
	for _, c := range []struct {
		name       string
		counted    state.Sample
		gpus       []state.GPU
		used, busy any
	}{
		{"no GPU", state.Sample{}, nil, nil, nil},
		{"one that says nothing", state.Sample{}, []state.GPU{{}}, nil, nil},
		{"two", state.Sample{}, []state.GPU{half, {}, full}, int64(1020), 90.0},
		{"idle", state.Sample{}, []state.GPU{{UsedBytes: new(int64), BusyPct: new(float64)}}, int64(0), 0.0},
		{"counted by the backend", state.Sample{GPUMemoryBytes: new(int64(7)), GPUPct: new(8.0)}, []state.GPU{half}, int64(7), 8.0},
		{"in part", state.Sample{GPUMemoryBytes: new(int64(7))}, []state.GPU{half}, int64(7), 50.0},
	} {
		s := c.counted
		countGPUs(&s, c.gpus)
		var used, busy any
		if s.GPUMemoryBytes != nil {
			used = *s.GPUMemoryBytes
		}
		if s.GPUPct != nil {
			busy = *s.GPUPct
		}
		if used != c.used || busy != c.busy {
			t.Errorf("%s: got %v bytes used and %v %% busy, want %v and %v", c.name, used, busy, c.used, c.busy)
		}
	}
	if half.UsedBytes == nil || *half.UsedBytes != 1000 {
		t.Error("the driver's figures were changed")
	}
}
