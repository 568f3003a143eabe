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

// Pacing says how well the generator of an open loop followed its schedule. If it did not, the
// latencies are not those of the offered rate. Rates are in requests/s, and NaN for fewer than two
// requests.
type Pacing struct {
	LagP99   time.Duration // of sending, over the requests that were sent
	Offered  float64       // as planned
	Achieved float64       // as sent
	Dropped  int           // not sent at all
}

// PacingOf compares the times at which requests were due with those at which they were sent. Sent
// is negative for a request that was dropped.
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

// LagBound is the highest P99 of the send lag of a valid run: 1 ms, or 1 % of the objective if that
// is more. An objective of 0 means none.
func LagBound(objective time.Duration) time.Duration {
	return max(leastLag, time.Duration(lagShare*float64(objective)))
}

// Fault says why the run is not valid; it is empty for a valid run.
func (p Pacing) Fault(objective time.Duration) string {
	if bound := LagBound(objective); p.LagP99 > bound {
		return fmt.Sprintf("the P99 of the send lag is %.3g ms, above the bound of %.3g ms", Milliseconds(p.LagP99), Milliseconds(bound))
	}
	if p.Achieved < LeastAchieved*p.Offered {
		return fmt.Sprintf("%.4g requests/s were sent of %.4g offered, less than %.0f %%", p.Achieved, p.Offered, 100*LeastAchieved)
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
