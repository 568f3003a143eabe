package definition

import (
	"fmt"

	"github.com/crossrank/crossrank/internal/config"
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
	s.targeted(add)
	const at = "experiment.arrival."
	a, o := s.Experiment.Arrival, s.Experiment.Objective
	open, searched := a.Process != "closed", o != (Objective{})
	switch {
	case !open && a != Arrival{Process: "closed", Seed: a.Seed}:
		add("experiment.arrival", "a closed loop has no rate, shape or trace")
	case open && a.Process != "replay" && a.Rate == 0 && !searched:
		add(at+"rate", "%s arrivals need a rate, in requests a second", a.Process)
	case searched && a.Rate > 0:
		add(at+"rate", "cannot stand beside an objective, which is a search for the rate")
	}
	if open && !searched && len(s.Experiment.ConcurrencyLevels) > 1 {
		add("experiment.concurrency_levels", "an open loop has no workers, so give one level at most")
	}
	if (a.Process == "gamma") != (a.Shape > 0) {
		add(at+"shape", "belongs to gamma arrivals, which need one above 0; the process is %s and the shape %g", a.Process, a.Shape)
	}
	s.Experiment.Mix.faults(add)
	s.Experiment.Stability.faults(s.Experiment, add)
	if (a.Process == "replay") != (a.Trace != "") && (a.Process != "replay" || s.Experiment.Mix.File == "") {
		add(at+"trace", "belongs to replay, which needs one; the process is %s", a.Process)
	}
	if searched {
		if a.Process == "closed" || a.Process == "replay" {
			add(at+"process", "an objective is searched for with constant, poisson or gamma arrivals, not with %s", a.Process)
		}
		if o.LatencyMS == 0 || o.Percentile == 0 || o.Percentile == 100 {
			add("experiment.objective", "needs a percentile between 0 and 100 and a latency_ms above 0")
		}
	}
	for _, f := range config.Unsupported(s.Settings) {
		add(f.Key, "%s", f.Msg)
	}
	return why
}
