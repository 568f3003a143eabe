package definition

import (
	"fmt"

	"github.com/crossrank/crossrank/internal/config"
	"github.com/crossrank/crossrank/internal/strictyaml"
)

// Faults lists what keeps a definition from being run: what it still needs, which of its settings
// contradict each other, and what this build cannot do. Each names the key and where it was given.
func Faults(s Settings) []string {
	var why []string
	add := func(key, format string, args ...any) {
		why = append(why, s.Place(key)+": "+fmt.Sprintf(format, args...))
	}
	if s.Name == "" {
		add("name", "an experiment needs a name; its results are filed under it")
	}
	s.targetFaults(add)
	s.Experiment.loadFaults(add)
	s.Experiment.rampFaults(add)
	s.Experiment.Mix.faults(add)
	s.Experiment.Stability.faults(s.Experiment, add)
	s.Experiment.objectiveFaults(add)
	for _, f := range config.Unsupported(s.Settings) {
		add(f.Key, "%s", f.Msg)
	}
	return why
}

// loadFaults reports contradictions in the schedule of requests.
func (e Experiment) loadFaults(add strictyaml.Report) {
	const at = "experiment.arrival."
	a, searched := e.Arrival, e.Objective != (Objective{})
	open, replay := a.Open(), a.Process == "replay"
	switch {
	case !open && a != Arrival{Process: "closed", Seed: a.Seed}:
		add("experiment.arrival", "a closed loop has no rate, shape or trace")
	case open && !replay && a.Rate == 0 && !searched:
		add(at+"rate", "%s arrivals need a rate, in requests per second", a.Process)
	case searched && a.Rate > 0:
		add(at+"rate", "cannot stand beside an objective, which is a search for the rate")
	}
	if open && !searched && len(e.ConcurrencyLevels) > 1 {
		add("experiment.concurrency_levels", "an open loop has no workers, so give one level at most")
	}
	if (a.Process == "gamma") != (a.Shape > 0) {
		add(at+"shape", "belongs to gamma arrivals, which need one above 0; the process is %s and the shape %g",
			a.Process, a.Shape)
	}
	if replay != (a.Trace != "") && (!replay || e.Mix.File == "") {
		add(at+"trace", "belongs to replay, which needs one; the process is %s", a.Process)
	}
}

// objectiveFaults reports an objective that cannot be searched for.
func (e Experiment) objectiveFaults(add strictyaml.Report) {
	o, process := e.Objective, e.Arrival.Process
	if o == (Objective{}) {
		return
	}
	if process == "closed" || process == "replay" {
		add("experiment.arrival.process",
			"an objective is searched for with constant, poisson or gamma arrivals, not with %s", process)
	}
	if o.LatencyMS == 0 || o.Percentile == 0 || o.Percentile == 100 {
		add("experiment.objective", "needs a percentile between 0 and 100 and a latency_ms above 0")
	}
}
