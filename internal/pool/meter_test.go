package pool

import (
	"math"
	"testing"
	"time"
)

func TestMeter(t *testing.T) {
	var m meter
	if v := m.rate(); v != 0 {
		t.Errorf("before anything is measured: got %v, want 0", v)
	}
	m.observe(500, time.Second)
	if v := m.rate(); v != 500 {
		t.Errorf("500 tokens in a second: got %v", v)
	}
	for range 100 {
		m.observe(2000, time.Second)
	}
	if v := m.rate(); math.Abs(v-2000) > 1 {
		t.Errorf("after 100 s at 2000 tokens a second: got %v, want it to have forgotten what was before", v)
	}
}
