package stats

import (
	"fmt"
	"math"
	"time"
)

const (
	leastLag = time.Millisecond // of sending, that is no fault whatever the objective
	lagShare = 0.01             // of the objective, that is no fault either
)

// LeastAchieved is the part of the offered rate that has to be sent for a run to be valid.
const LeastAchieved = 0.99

// Pacing says how well the generator of an open loop kept its schedule. Where it did not, latencies
// are not those of the rate that was asked for. Its rates are requests a second, NaN for fewer than
// two requests.
type Pacing struct {
	LagP99   time.Duration // of sending, over the requests that were sent
	Offered  float64       // as planned
	Achieved float64       // as sent
	Dropped  int           // not sent at all
}

// PacingOf works it out from the times at which requests were meant to be sent and were sent. Sent
// is negative for those that were dropped.
func PacingOf(intended, sent []time.Duration) Pacing {
	if len(intended) != len(sent) {
		panic("stats: pacing of lists of different lengths")
	}
	var p Pacing
	var lag []float64
	var planned, actual span
	for i, at := range intended {
		planned.add(at)
		if sent[i] < 0 {
			p.Dropped++
			continue
		}
		actual.add(sent[i])
		lag = append(lag, float64(sent[i]-at))
	}
	if len(lag) > 0 {
		p.LagP99 = time.Duration(Sort(lag).Percentile(99))
	}
	p.Offered, p.Achieved = planned.rate(), actual.rate()
	return p
}

// LagBound is the P99 of the lag up to which a run is valid: 1 ms, or 1 % of the latency that is
// asked for if that is more. Without an objective it is 0.
func LagBound(objective time.Duration) time.Duration {
	return max(leastLag, time.Duration(lagShare*float64(objective)))
}

// Fault says why the run is not valid, or nothing if it is.
func (p Pacing) Fault(objective time.Duration) string {
	if bound := LagBound(objective); p.LagP99 > bound {
		return fmt.Sprintf("the P99 of the lag of sending is %.3g ms, over %.3g ms", Milliseconds(p.LagP99), Milliseconds(bound))
	}
	if p.Achieved < LeastAchieved*p.Offered {
		return fmt.Sprintf("%.4g requests a second were sent of %.4g, less than %.0f %%", p.Achieved, p.Offered, 100*LeastAchieved)
	}
	return ""
}

// span is the time that some moments take up.
type span struct {
	n           int
	first, last time.Duration
}

func (s *span) add(at time.Duration) {
	if s.n == 0 {
		s.first, s.last = at, at
	}
	s.n++
	s.first, s.last = min(s.first, at), max(s.last, at)
}

func (s *span) rate() float64 {
	if s.n < 2 || s.last <= s.first {
		return math.NaN()
	}
	return float64(s.n-1) / (s.last - s.first).Seconds()
}
