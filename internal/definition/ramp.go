package definition

import "github.com/crossrank/crossrank/internal/strictyaml"

// maxWorkers is the most that a closed loop has, as concurrency_levels.
const maxWorkers = 4096

// rampFaults reports a ramp that cannot be made.
func (e Experiment) rampFaults(add strictyaml.Report) {
	const at = "experiment.ramp_to"
	switch to := e.RampTo; {
	case to == 0:
	case e.Objective != Objective{}:
		add(at, "cannot stand beside an objective, which is a search for the rate")
	case e.Stability != Stability{}:
		add(at, "cannot stand beside stability, since a ramp has no steady state")
	case e.Duration == 0:
		add(at, "needs a duration, over which the load moves there")
	case e.Arrival.Process == "replay":
		add(at, "has no effect on replay, whose rate is that of its trace")
	case !e.Arrival.Open() && (to != float64(int(to)) || to > maxWorkers):
		add(at, "is a number of workers in a closed loop, from 1 to %d, not %g; for a rate, give arrival.process", maxWorkers, to)
	}
}
