package metrics

import (
	"context"
	"time"

	"github.com/crossrank/crossrank/internal/state"
)

// level is the history at one resolution. Its open interval began when seen was observed.
type level struct {
	step   time.Duration
	ring   ring
	closed counts      // the recorder's total when the last interval was closed
	seen   observation // of that moment
}

// Run takes a sample every interval until ctx ends, and a last one then.
func (r *Recorder) Run(ctx context.Context) {
	ticker := time.NewTicker(r.opts.Interval)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			r.sample(time.Now())
		case <-ctx.Done():
			r.sample(time.Now())
			return
		}
	}
}

// sample closes the intervals that end now. The world is looked at before the lock is taken: gauges
// may lock.
func (r *Recorder) sample(now time.Time) {
	seen := r.observe(now)
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range r.levels {
		l := &r.levels[i]
		interval := now.Sub(l.seen.at)
		// A tick may come a little early; a coarse interval must not wait for another fine one
		// because of that.
		if interval <= 0 || i > 0 && interval < l.step-r.opts.Interval/2 {
			continue
		}
		s := l.close(&r.total, seen)
		if i == 0 {
			r.broadcast(s)
		}
	}
}

// close ends the interval that is open and begins the next.
func (l *level) close(total *counts, seen observation) state.Sample {
	ended := *total
	ended.sub(&l.closed)
	s := newSample(&ended, l.seen, seen)
	l.closed, l.seen = *total, seen
	l.ring.add(s)
	return s
}

// History returns the samples taken after since, the oldest first; all that are kept for the zero
// time. Asked again with the time of the last sample it got, a caller misses none and sees none
// twice. The slice is the caller's; what the samples point to is shared and read only.
func (r *Recorder) History(since time.Time) []state.Sample {
	samples, _ := r.HistoryBy(since, 0)
	return samples
}

// HistoryBy is [Recorder.History] from the finest ring whose samples are at least step apart, or
// from the coarsest ring if step is longer than that. It also returns how far apart they are.
func (r *Recorder) HistoryBy(since time.Time, step time.Duration) ([]state.Sample, time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	i := 0
	for i < len(r.levels)-1 && r.levels[i].step < step {
		i++
	}
	return r.levels[i].ring.after(since), r.levels[i].step
}

// Interval is the time between samples.
func (r *Recorder) Interval() time.Duration { return r.opts.Interval }

// Watch hands out every sample as it is taken, until stop is called, which must be. A watcher that
// is more than 8 samples behind is not waited for: its channel is closed.
func (r *Recorder) Watch() (samples <-chan state.Sample, stop func()) {
	c := make(chan state.Sample, 8)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.watchers[c] = struct{}{}
	return c, func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.watchers, c)
	}
}

// broadcast passes a sample on to all watchers, with r.mu held.
func (r *Recorder) broadcast(s state.Sample) {
	for c := range r.watchers {
		select {
		case c <- s:
		default:
			delete(r.watchers, c)
			close(c)
		}
	}
}
