package experiment

import (
	"math"
	"time"

	"github.com/crossrank/crossrank/internal/definition"
	"github.com/crossrank/crossrank/internal/load"
	"github.com/crossrank/crossrank/internal/results"
	"github.com/crossrank/crossrank/internal/stats"
)

// steadyState divides the measured part of a configuration into windows of time, and decides
// whether the last of them agree in throughput and latency.
type steadyState struct {
	window  time.Duration
	after   time.Duration // the configuration ends when it is steady, but not before; 0: it ends otherwise
	windows []steadyWindow
	reached *results.Stability // when that ended the configuration
}

type steadyWindow struct {
	answered int
	latency  time.Duration // of all answered requests together
}

// newSteadyState returns the steadyState of a configuration, or nil if the experiment asks for
// none.
func newSteadyState(e definition.Experiment) *steadyState {
	s := e.Stability
	if s.Window == 0 {
		return nil
	}
	w := &steadyState{window: time.Duration(s.Window)}
	if s.AtMost > 0 {
		w.after = time.Duration(e.Duration)
	}
	return w
}

// record is a load.Config's Record.
func (s *steadyState) record(r results.Request) error {
	i := int(r.Finished / s.window)
	for len(s.windows) <= i {
		s.windows = append(s.windows, steadyWindow{})
	}
	if r.OK() {
		s.windows[i].answered++
		s.windows[i].latency += r.Latency()
	}
	if s.after > 0 && r.Finished >= s.after {
		if now := s.stability(r.Finished); now.Stable {
			s.reached = now
			return load.ErrEnough
		}
	}
	return nil
}

// stability compares the windows that are complete after so much time. Requests that were under way
// when the configuration became steady do not change that.
func (s *steadyState) stability(elapsed time.Duration) *results.Stability {
	if s.reached != nil {
		return s.reached
	}
	out := &results.Stability{Window: s.window}
	for i := range min(int(elapsed/s.window), len(s.windows)) {
		w := s.windows[i]
		mean := math.NaN()
		if w.answered > 0 {
			mean = stats.Milliseconds(w.latency) / float64(w.answered)
		}
		out.Throughput = append(out.Throughput, float64(w.answered)/s.window.Seconds())
		out.Latency = append(out.Latency, mean)
	}
	out.Stable = stats.Stable(out.Throughput) && stats.Stable(out.Latency)
	for i, x := range out.Latency {
		if math.IsNaN(x) {
			out.Latency[i] = 0 // a window without an answer; JSON has no NaN
		}
	}
	return out
}
