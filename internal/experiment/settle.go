package experiment

import (
	"math"
	"time"

	"github.com/crossrank/crossrank/internal/definition"
	"github.com/crossrank/crossrank/internal/load"
	"github.com/crossrank/crossrank/internal/results"
	"github.com/crossrank/crossrank/internal/stats"
)

// settler parts what a point meets into windows of time, and tells whether the last of them agree.
type settler struct {
	window  time.Duration
	after   time.Duration // from when on the point ends once they agree; 0: what else ends it does
	windows []struct {
		answered int
		latency  time.Duration // of all that were answered
	}
}

// newSettler gives the settler of a point, or nil if the experiment asks for none.
func newSettler(e definition.Experiment) *settler {
	s := e.Stability
	if s.Window == 0 {
		return nil
	}
	w := &settler{window: time.Duration(s.Window)}
	if s.AtMost > 0 {
		w.after = time.Duration(e.Duration)
	}
	return w
}

// record is a load.Config's Record.
func (s *settler) record(r results.Request) error {
	at := int(r.Finished / s.window)
	for len(s.windows) <= at {
		s.windows = append(s.windows, struct {
			answered int
			latency  time.Duration
		}{})
	}
	if r.OK() {
		s.windows[at].answered++
		s.windows[at].latency += r.Latency()
	}
	if s.after > 0 && r.Finished >= s.after && s.stability(r.Finished).Stable {
		return load.ErrEnough
	}
	return nil
}

// stability looks at the windows that are whole when so much time is over.
func (s *settler) stability(over time.Duration) *results.Stability {
	out := &results.Stability{Window: s.window}
	for i := range min(int(over/s.window), len(s.windows)) {
		w := s.windows[i]
		mean := math.NaN()
		if w.answered > 0 {
			mean = float64(w.latency) / float64(w.answered) / 1e6
		}
		out.Throughput = append(out.Throughput, float64(w.answered)/s.window.Seconds())
		out.Latency = append(out.Latency, mean)
	}
	out.Stable = stats.Stable(out.Throughput) && stats.Stable(out.Latency)
	for i, x := range out.Latency {
		if math.IsNaN(x) {
			out.Latency[i] = 0 // a window in which nothing was answered; JSON has no other word for it
		}
	}
	return out
}
