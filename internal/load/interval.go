package load

import (
	"time"

	"github.com/crossrank/crossrank/internal/results"
)

// Interval sums up a stretch of the measured part, for a reader who watches the run. The records
// hold the details.
type Interval struct {
	From, To  time.Duration   // since the part began
	Requests  int             // that ended in it
	Failed    int             // of them
	Pairs     int             // scored in the others
	InFlight  int             // sent and not answered at its end
	Latencies []time.Duration // of the answered requests; the receiver owns it
}

// add counts a request that has ended.
func (i *Interval) add(r *results.Request) {
	i.Requests++
	if !r.OK() {
		i.Failed++
		return
	}
	i.Pairs += r.Pairs
	i.Latencies = append(i.Latencies, r.Latency())
}

// watch returns a channel that ticks at the end of every interval, and the function that ends it.
func (p *part) watch() (tick <-chan time.Time, done func()) {
	if p.cfg.Interval == nil || p.cfg.Every <= 0 {
		return nil, func() {}
	}
	t := time.NewTicker(p.cfg.Every)
	return t.C, t.Stop
}

// passOn passes the interval on that ends now, and begins the next one. The last one of a part is
// left out if nothing ended in it.
func (p *part) passOn(last bool) {
	if p.cfg.Interval == nil {
		return
	}
	i := p.watched
	i.To, i.InFlight = time.Since(p.began), int(p.inFlight.Load())
	p.watched = Interval{From: i.To}
	if !last || i.Requests > 0 {
		p.cfg.Interval(i)
	}
}
