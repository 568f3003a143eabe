package summary

import (
	"time"

	"github.com/crossrank/crossrank/internal/results"
	"github.com/crossrank/crossrank/internal/stats"
)

// Stretch sums up the requests of a part of a configuration's time, for a load that moves. A
// request belongs to the stretch in which it was due; in a closed loop that is when it was sent.
type Stretch struct {
	From     float64      `json:"from_s"`
	To       float64      `json:"to_s"`
	Due      Value        `json:"due_per_s"`      // requests
	Answered Value        `json:"answered_per_s"` // requests that were answered in it, whenever they were due
	Failed   int          `json:"failed"`
	InFlight int          `json:"in_flight"` // at its end, requests that wait to be sent included
	Latency  Distribution `json:"latency_ms"`
}

// stretches is how many a configuration is divided into.
const stretches = 12

// stretchesOf divides a configuration whose load moves.
func stretchesOf(m *results.Measured) []Stretch {
	if m.Configuration.RampTo == 0 || len(m.Requests) == 0 {
		return nil
	}
	length := m.Configuration.Duration
	if length <= 0 {
		length = m.Elapsed()
	}
	if length < stretches {
		return nil
	}
	all := make([]Stretch, stretches)
	for i := range all {
		all[i] = stretchOf(m.Requests, time.Duration(i)*length/stretches, time.Duration(i+1)*length/stretches)
	}
	return all
}

func stretchOf(requests []results.Request, from, to time.Duration) Stretch {
	var due, answered int
	var latency []float64
	s := Stretch{From: from.Seconds(), To: to.Seconds()}
	for i := range requests {
		r := &requests[i]
		if r.OK() && r.Finished >= from && r.Finished < to {
			answered++
		}
		if r.Intended < to && r.Finished >= to {
			s.InFlight++
		}
		if r.Intended < from || r.Intended >= to {
			continue
		}
		due++
		if r.OK() {
			latency = append(latency, stats.Milliseconds(r.Latency()))
		} else {
			s.Failed++
		}
	}
	s.Due = Value(float64(due) / (to - from).Seconds())
	s.Answered = Value(float64(answered) / (to - from).Seconds())
	s.Latency = distributionOf(latency)
	return s
}
