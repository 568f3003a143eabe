package webgpu

import (
	"testing"
	"time"
)

// TestClock reads the clock during and after batches: it runs with the time while the device
// computes, shows no more than that, and comes back to what the device says.
func TestClock(t *testing.T) {
	var c clock
	start := time.Now()
	at := func(ms int) time.Time { return start.Add(time.Duration(ms) * time.Millisecond) }
	read := func(ms, want int) {
		t.Helper()
		if got := c.read(at(ms)); got != time.Duration(want)*time.Millisecond {
			t.Errorf("after %d ms: got %v, want %d ms", ms, got, want)
		}
	}
	read(0, 0)
	c.begin(at(100))
	read(150, 50)
	c.begin(at(180)) // waits for the first
	c.end(at(200), 90*time.Millisecond)
	read(200, 90)
	read(240, 130)
	c.end(at(300), 95*time.Millisecond)
	read(300, 185)
	c.begin(at(400))
	read(500, 285)
	c.end(at(500), 50*time.Millisecond) // the device was idle for half of it
	read(500, 285)
	read(900, 285)
	c.begin(at(900))
	read(1000, 335)
}
