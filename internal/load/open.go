package load

import (
	"context"
	"sync"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/results"
)

// maxUnderWay is the default of [Config.MaxUnderWay].
const maxUnderWay = 4096

// pace sends every request of the schedule when it is due, each from its own goroutine, and
// returns when all are answered. The pairs of a request are cut before it is due.
func (p *part) pace(ctx context.Context, answers chan<- answer) {
	var under sync.WaitGroup
	defer under.Wait()
	slots := make(chan struct{}, p.cfg.MaxUnderWay)
	for {
		n, ok := p.claim()
		if !ok {
			return
		}
		intended, pairs := p.cfg.Schedule[n], p.cfg.pairs(n)
		if !p.waitUntil(ctx, intended) {
			p.putBack()
			return
		}
		select {
		case slots <- struct{}{}:
			under.Go(func() {
				answers <- p.send(ctx, n, pairs, intended)
				<-slots
			})
		default:
			answers <- p.drop(n, len(pairs), intended)
		}
	}
}

// waitUntil waits for a time of the part, and reports whether it came before ctx ended or enough
// was measured.
func (p *part) waitUntil(ctx context.Context, at time.Duration) bool {
	for {
		if ctx.Err() != nil || p.stopped() {
			return false
		}
		left := at - time.Since(p.began)
		if left <= 0 {
			return true
		}
		p.cfg.sleep(ctx, min(left, maxSleep))
	}
}

// maxSleep bounds a wait, so that a part that is to stop does so soon.
const maxSleep = 50 * time.Millisecond

// drop returns the answer to a request that was not sent.
func (p *part) drop(n, pairs int, intended time.Duration) answer {
	now := time.Since(p.began)
	err := crossrank.Errorf(results.Dropped, "%d requests were under way, so this one was not sent", p.cfg.MaxUnderWay)
	return answer{err: err, record: results.Request{
		Seq: n, Intended: intended, Started: now, Finished: now, Pairs: pairs, Code: results.Dropped, Error: err.Error(),
	}}
}

// sleep waits for d, or until ctx ends.
func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// fine is the end of a wait, which is a sleep of the system's: it is exact to microseconds, a Go
// timer to a millisecond.
const fine = 2 * time.Millisecond

// preciseSleep waits as sleep does, but ends on time.
func preciseSleep(ctx context.Context, d time.Duration) {
	if d > fine {
		sleep(ctx, d-fine)
		return
	}
	nanosleep(d)
}
