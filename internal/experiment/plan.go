package experiment

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/crossrank/crossrank/internal/config"
	"github.com/crossrank/crossrank/internal/definition"
	"github.com/crossrank/crossrank/internal/results"
)

// step is one server process with what is measured against it.
type step struct {
	server definition.Settings // what the server is started with
	units  []unit
}

// unit is one configuration: a point, or the points of one search for objectives.
type unit struct {
	point    results.Configuration // without its index
	settings definition.Settings
	search   string // the same for searches that differ in nothing but the bound of their latency; empty for points
}

func (u *unit) searches() bool { return u.settings.Experiment.Objective != definition.Objective{} }

// plan gives what a sweep measures, in order. Variants that ask for the same server share a process. With several
// repeats, the order of the servers and that of the points at each is drawn anew for every repeat, so that a machine that
// slows down, or warms up, does so to all alike.
func plan(sw definition.Sweep) []step {
	var steps []step
	repeats := max(1, sw.Base().Experiment.Repeats)
	for r := range repeats {
		round := planRound(sw, r)
		if repeats > 1 {
			rng := rand.New(rand.NewPCG(uint64(sw.Base().Experiment.Arrival.Seed), uint64(r)))
			rng.Shuffle(len(round), func(i, j int) { round[i], round[j] = round[j], round[i] })
			for _, s := range round {
				rng.Shuffle(len(s.units), func(i, j int) { s.units[i], s.units[j] = s.units[j], s.units[i] })
			}
		}
		steps = append(steps, round...)
	}
	if sw.Base().Target.Address != "" {
		return steps // whose server is always the same
	}
	for i := range steps {
		for j := range steps[i].units {
			steps[i].units[j].point.Process = i
		}
	}
	return steps
}

// planRound plans one repeat, in the order of the definition.
func planRound(sw definition.Sweep, repeat int) []step {
	var round []step
	byServer := map[string]int{}
	for _, v := range sw.Variants {
		key := fingerprint(serverPart(v.Settings))
		i, ok := byServer[key]
		if !ok {
			i = len(round)
			byServer[key] = i
			round = append(round, step{server: v.Settings})
		}
		for _, u := range unitsOf(v, repeat) {
			round[i].add(u)
		}
	}
	for _, s := range round {
		for i := range s.units {
			s.units[i].name()
		}
	}
	return round
}

// add adds a unit; a search joins one that needs the same probes.
func (s *step) add(u unit) {
	for i := range s.units {
		if old := &s.units[i]; u.search != "" && old.search == u.search {
			old.point.Objectives = append(old.point.Objectives, u.point.Objective)
			return
		}
	}
	if u.search != "" {
		u.point.Objectives = []float64{u.point.Objective}
	}
	s.units = append(s.units, u)
}

// name gives a search the key of all its objectives, from the least on.
func (u *unit) name() {
	if u.search != "" {
		slices.Sort(u.point.Objectives)
		u.point.Key = fingerprint(append([]any{u.search}, u.point.Objectives))
	}
}

// unitsOf gives the configurations of one variant: each batch size at each concurrency level.
func unitsOf(v definition.Variant, repeat int) []unit {
	e := v.Settings.Experiment
	var set []results.Setting
	for _, a := range v.Set {
		set = append(set, results.Setting(a))
	}
	sizes, mixed := e.BatchSizes, ""
	if e.Mix.Set() {
		sizes = []int{1}
		if m, err := mixtureOf(e.Mix); err == nil { // Run tells of a file that cannot be read
			sizes, mixed = []int{m.mean()}, m.words
		}
	}
	var units []unit
	for _, concurrency := range e.ConcurrencyLevels {
		for _, batch := range sizes {
			p := results.Configuration{
				Batch: batch, Mix: mixed, Concurrency: concurrency, Requests: e.BenchmarkRequests, Warmup: e.Warmup, Set: set, Repeat: repeat,
				Duration: time.Duration(e.Duration), Objective: e.Objective.LatencyMS, Percent: e.Objective.Percentile,
			}
			if e.Arrival.Process != "closed" {
				p.Arrival, p.Rate = e.Arrival.Process, e.Arrival.Rate
			}
			u := unit{point: p, settings: v.Settings}
			if u.searches() {
				u.point.Set = slices.DeleteFunc(slices.Clone(set), func(s results.Setting) bool { return s.Key == latencyKey })
				p = u.point
				p.Objective = 0
				u.search = keyOf(v.Settings, p)
			} else {
				u.point.Key = keyOf(v.Settings, p)
			}
			units = append(units, u)
		}
	}
	return units
}

// latencyKey is swept within a search.
const latencyKey = "experiment.objective.latency_ms"

// keyOf tells a point from those of other settings.
func keyOf(s definition.Settings, p results.Configuration) string {
	return fingerprint(struct {
		Server  string
		Target  definition.Target `json:"target,omitzero"`
		Data    definition.Data
		Arrival definition.Arrival
		Settles definition.Stability `json:"settles,omitzero"`
		Point   results.Configuration
	}{serverPart(s), s.Target, s.Data, s.Experiment.Arrival, s.Experiment.Stability, p})
}

// Configurations gives the configurations of an experiment in the order in which they are measured; a search for an objective
// is one of them, though it leaves several points.
func Configurations(sw definition.Sweep) []results.Configuration {
	var points []results.Configuration
	for _, s := range plan(sw) {
		for _, u := range s.units {
			u.point.Index = len(points)
			points = append(points, u.point)
		}
	}
	return points
}

// Processes gives how many servers an experiment starts.
func Processes(sw definition.Sweep) int {
	if sw.Base().Target.Address != "" {
		return 0
	}
	return len(plan(sw))
}

// startup is what an estimate takes for the start and the end of a server.
const startup = 3 * time.Second

// Estimate says how long an experiment takes if the server scores that many pairs a second.
func Estimate(sw definition.Sweep, pairsPerSecond float64) time.Duration {
	total := time.Duration(Processes(sw)) * startup
	for _, s := range plan(sw) {
		for _, u := range s.units {
			total += u.estimate(pairsPerSecond)
		}
	}
	return total
}

func (u *unit) estimate(pairsPerSecond float64) time.Duration {
	p := u.point
	seconds := func(requests int, rate float64) time.Duration { return time.Duration(float64(requests) / rate * 1e9) }
	capacity := pairsPerSecond / float64(p.Batch)
	warm := seconds(p.Warmup, capacity)
	switch {
	case u.searches():
		n := probeRequests(u.settings.Experiment.Objective.Percentile, p.Requests)
		return warm + time.Duration(len(p.Objectives))*(leastConfirm+seconds(searchTests*n, capacity))
	case p.Duration > 0:
		return warm + p.Duration
	case p.Rate > 0:
		return warm + seconds(p.Requests, min(p.Rate, capacity))
	}
	return warm + seconds(p.Requests, capacity)
}

// searchTests is how many whole tests' requests a search sends for one objective, as if all were sent at the capacity, as
// far as simulations tell: it probes some ten rates for each, from a tenth of the capacity to five times what it finds.
const searchTests = 12

// serverPart is what a server is started with: configurations of which it is the same share a server.
func serverPart(s definition.Settings) string {
	s.Model = cmp.Or(s.Model, config.BuiltinModel)
	b, err := config.Encode(s.Settings)
	if err != nil {
		panic("experiment: " + err.Error())
	}
	return string(b)
}

// fingerprint is the same for equal values.
func fingerprint(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic("experiment: settings do not encode: " + err.Error())
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:8])
}

// kept gives, by its key, what older results hold whole of the units of a plan.
func kept(steps []step, old *results.Results) map[string]bool {
	whole := map[string]bool{}
	if old == nil {
		return whole
	}
	for _, m := range old.Configurations {
		ok := m.End != nil && m.End.Complete
		if before, seen := whole[m.Configuration.Key]; seen {
			ok = ok && before
		}
		whole[m.Configuration.Key] = ok
	}
	keep := map[string]bool{}
	for _, s := range steps {
		for _, u := range s.units {
			found := !u.searches() || slices.ContainsFunc(old.SLOResults, func(f results.SLOResult) bool { return f.Key == u.point.Key })
			keep[u.point.Key] = whole[u.point.Key] && found
		}
	}
	return keep
}
