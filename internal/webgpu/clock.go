package webgpu

import (
	"sync"
	"time"
)

// clock adds up how long the device has computed. The device tells how long a batch took when it is
// done; until then the time since the batch began counts, so that a batch is not all in the moment
// at which it ends. It never runs backwards.
type clock struct {
	mu       sync.Mutex
	done     time.Duration // by the device's own clock
	shown    time.Duration // the most that read has returned
	inFlight int
	since    time.Time // of the batch that the device computes: when the one before it ended, or it began
}

// begin counts a batch that is submitted.
func (c *clock) begin(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.inFlight == 0 {
		c.since = now
	}
	c.inFlight++
}

// end counts the time of a batch that is done.
func (c *clock) end(now time.Time, took time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.done += took
	c.since = now
	c.inFlight--
}

// read returns the time up to now.
func (c *clock) read(now time.Time) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	sum := c.done
	if c.inFlight > 0 {
		sum += now.Sub(c.since)
	}
	c.shown = max(c.shown, sum)
	return c.shown
}
