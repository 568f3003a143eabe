package definition

import "github.com/crossrank/crossrank/internal/config"

// Stability asks whether a configuration has settled down: it has when the last three windows of time agree, in throughput and
// in mean latency, to within 10 % of their mean.
type Stability struct {
	// Window is how long one is, such as 5s. Default: 0, nobody asks.
	Window config.Duration `yaml:"window,omitempty" json:"window,omitempty"`

	// AtMost has a configuration that ends by time go on from its duration until it has settled, or for so long in all.
	// Default: 0, it does not go on.
	AtMost config.Duration `yaml:"at_most,omitempty" json:"at_most,omitempty"`
}

// faults says what contradicts itself.
func (s Stability) faults(e Experiment, add func(key, format string, args ...any)) {
	const at = "experiment.stability"
	switch {
	case s == Stability{}:
	case e.Objective != Objective{}:
		add(at, "cannot stand beside an objective, whose probes end by themselves")
	case s.Window == 0:
		add(at, "needs a window, such as 5s")
	case s.AtMost > 0 && e.Duration == 0:
		add(at+".at_most", "belongs to configurations that end by time; give a duration")
	case s.AtMost > 0 && s.AtMost < e.Duration:
		add(at+".at_most", "is shorter than the duration")
	}
}
