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
	m.observe(2000, 5*time.Minute)
	if v := m.rate(); v < 500 || v > 900 {
		t.Errorf("after a batch during which the machine was halted for 5 minutes: got %v, want a loss of three quarters at most", v)
	}
	for range 20 {
		m.observe(2000, time.Second)
	}
	if v := m.rate(); v < 1700 {
		t.Errorf("20 s later: got %v, want nearly the 2000 of before", v)
	}
	for range 100 {
		m.observe(3000, 30*time.Second)
	}
	if v := m.rate(); math.Abs(v-100) > 1 {
		t.Errorf("after 100 batches of 30 s with 3000 tokens: got %v, want 100", v)
	}
}
