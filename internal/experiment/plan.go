package experiment

import (
	"math/rand/v2"
	"slices"
	"time"

	"github.com/crossrank/crossrank/internal/definition"
	"github.com/crossrank/crossrank/internal/results"
)

// process is one server process with the configurations that are measured against it.
type process struct {
	settings       definition.Settings // what the server is started with
	configurations []configuration
}

// configuration is one that is to be measured, or one search for objectives, whose probes are
// separate configurations.
type configuration struct {
	results.Configuration // without its index
	settings              definition.Settings
	searchKey             string // equal for searches that differ only in the bound of the latency; empty for others
}

// searches reports whether c is a search for objectives.
func (c *configuration) searches() bool {
	return c.settings.Experiment.Objective != definition.Objective{}
}

// plan returns what a sweep measures, in order. Variants with the same server settings share a
// process. With several repeats, each has its own order of the processes and of the
// configurations of each, so that a machine that slows down does so for all alike.
func plan(sw definition.Sweep) []process {
	var processes []process
	repeats := max(1, sw.Base().Experiment.Repeats)
	for r := range repeats {
		repeat := planRepeat(sw, r)
		if repeats > 1 {
			rng := rand.New(rand.NewPCG(uint64(sw.Base().Experiment.Arrival.Seed), uint64(r)))
			shuffle(rng, repeat)
			for _, p := range repeat {
				shuffle(rng, p.configurations)
			}
		}
		processes = append(processes, repeat...)
	}
	if sw.Base().Target.Address != "" {
		return processes // the target is always the same process
	}
	for i := range processes {
		for j := range processes[i].configurations {
			processes[i].configurations[j].Process = i
		}
	}
	return processes
}

func shuffle[T any](rng *rand.Rand, list []T) {
	rng.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
}

// planRepeat plans one repeat, in the order of the definition.
func planRepeat(sw definition.Sweep, repeat int) []process {
	var processes []process
	byServer := map[string]int{}
	for _, v := range sw.Variants {
		key := fingerprint(serverPart(v.Settings))
		i, ok := byServer[key]
		if !ok {
			i = len(processes)
			byServer[key] = i
			processes = append(processes, process{settings: v.Settings})
		}
		for _, c := range configurationsOf(v, repeat) {
			processes[i].add(c)
		}
	}
	for _, p := range processes {
		for i := range p.configurations {
			p.configurations[i].keySearch()
		}
	}
	return processes
}

// add adds a configuration. A search joins one that needs the same probes.
func (p *process) add(c configuration) {
	if c.searchKey != "" {
		same := func(old configuration) bool { return old.searchKey == c.searchKey }
		if i := slices.IndexFunc(p.configurations, same); i >= 0 {
			old := &p.configurations[i]
			old.Objectives = append(old.Objectives, c.Objective)
			return
		}
		c.Objectives = []float64{c.Objective}
	}
	p.configurations = append(p.configurations, c)
}

// keySearch gives a search the key of all its objectives, lowest first.
func (c *configuration) keySearch() {
	if c.searchKey != "" {
		slices.Sort(c.Objectives)
		c.Key = fingerprint(append([]any{c.searchKey}, c.Objectives))
	}
}

// configurationsOf returns the configurations of one variant: each batch size at each concurrency
// level.
func configurationsOf(v definition.Variant, repeat int) []configuration {
	e := v.Settings.Experiment
	sizes, mix := e.BatchSizes, ""
	if e.Mix.Given() {
		sizes = []int{1}
		if m, err := mixtureOf(e.Mix); err == nil { // Run reports a file that cannot be read
			sizes, mix = []int{m.mean()}, m.words
		}
	}
	var all []configuration
	for _, concurrency := range e.ConcurrencyLevels {
		for _, batch := range sizes {
			c := configuration{settings: v.Settings, Configuration: results.Configuration{
				Batch: batch, Mix: mix, Concurrency: concurrency, Requests: e.BenchmarkRequests, Warmup: e.Warmup, Repeat: repeat,
				Duration: time.Duration(e.Duration), Objective: e.Objective.LatencyMS, Percent: e.Objective.Percentile,
			}}
			for _, s := range v.Set {
				c.Set = append(c.Set, results.Setting(s))
			}
			c.RampTo = e.RampTo
			if e.Arrival.Open() {
				c.Arrival, c.Rate = e.Arrival.Process, e.Arrival.Rate
			}
			c.identify()
			all = append(all, c)
		}
	}
	return all
}

// latencyKey is the setting whose values one search has as its objectives.
const latencyKey = "experiment.objective.latency_ms"

// identify sets the key of c, or what searches with other objectives have in common with it.
func (c *configuration) identify() {
	if !c.searches() {
		c.Key = keyOf(c.settings, c.Configuration)
		return
	}
	c.Set = slices.DeleteFunc(c.Set, func(s results.Setting) bool { return s.Key == latencyKey })
	probe := c.Configuration
	probe.Objective = 0
	c.searchKey = keyOf(c.settings, probe)
}

// Configurations returns the configurations of an experiment in the order in which they are
// measured. A search for objectives is one of them, though it leaves several in the results.
func Configurations(sw definition.Sweep) []results.Configuration {
	var all []results.Configuration
	for _, p := range plan(sw) {
		for _, c := range p.configurations {
			c.Index = len(all)
			all = append(all, c.Configuration)
		}
	}
	return all
}

// Processes returns how many servers an experiment starts.
func Processes(sw definition.Sweep) int {
	if sw.Base().Target.Address != "" {
		return 0
	}
	return len(plan(sw))
}
