package definition

import (
	"github.com/crossrank/crossrank/internal/config"
	"github.com/crossrank/crossrank/internal/strictyaml"
)

// Stability tests whether a configuration has reached a steady state: the last three windows of
// time agree, in throughput and in mean latency, within 10 % of their mean.
type Stability struct {
	// Window is the length of one, such as 5s. Default: 0, no test.
	Window config.Duration `yaml:"window,omitempty" json:"window,omitempty"`

	// AtMost extends a configuration that ends by time until it is steady, up to this time in all.
	// Default: 0, no extension.
	AtMost config.Duration `yaml:"at_most,omitempty" json:"at_most,omitempty"`
}

// faults reports contradictions.
func (s Stability) faults(e Experiment, add strictyaml.Report) {
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
