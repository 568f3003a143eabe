package main

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/crossrank/crossrank/client"
	"github.com/crossrank/crossrank/internal/config"
	"github.com/crossrank/crossrank/internal/definition"
)

// benchLoad is the load that a bench makes: what one request has, and when requests are sent.
type benchLoad struct {
	oneQuery    bool
	instruction string
	batch       int
	concurrency int
	requests    int
	duration    time.Duration
	warmup      int
	rate        float64
	arrival     string
	shape       float64
	trace       string
	seed        int64
	rampTo      float64
}

// What is measured where the flags do not say.
const (
	benchRequests     = 100              // of a model in this process
	serverDuration    = 10 * time.Second // of a server
	serverConcurrency = 4
)

func (l *benchLoad) register(cmd *cobra.Command) {
	f := cmd.Flags()
	f.BoolVar(&l.oneQuery, "one-query", false, "one query per request: that of its first pair, for all of its passages")
	instructionFlag(cmd, &l.instruction)
	f.IntVarP(&l.batch, "batch", "b", 32, "pairs per request")
	f.IntVarP(&l.concurrency, "concurrency", "c", 0, "workers of a closed loop, and of the warm-up; 0 = 4 for a server, 1 for a model in this process")
	f.IntVarP(&l.requests, "requests", "n", 0, "number of requests to measure; 0 = 100 for a model in this process, no limit for a server or with --duration")
	f.DurationVarP(&l.duration, "duration", "d", 0, "time to measure, such as 30s; 0 = 10s for a server, no limit for a model in this process or with --requests")
	f.IntVar(&l.warmup, "warmup", 5, "number of requests sent before those that are measured")
	f.Float64VarP(&l.rate, "rate", "r", 0, "requests per second of an open loop; 0 = a closed loop")
	f.StringVar(&l.arrival, "arrival", "", "arrivals of an open loop: constant, poisson, gamma or replay; empty = poisson with --rate, else a closed loop")
	f.Float64Var(&l.shape, "shape", 0, "shape k of gamma arrivals, which need it: below 1 is burstier than Poisson, above 1 is steadier; 0 = none")
	f.StringVar(&l.trace, "trace", "", "file for replay arrivals: one send time per line, in seconds, rising")
	f.Int64Var(&l.seed, "seed", 0, "seed of the random arrivals; 0 = the first seed, as any other")
	f.Float64Var(&l.rampTo, "ramp", 0, "value that --rate, or --concurrency of a closed loop, moves to evenly over --duration; 0 = no ramp")
}

// complete fills in what depends on other flags. Server says that a server is measured.
func (l *benchLoad) complete(server bool) {
	if l.concurrency == 0 {
		l.concurrency = 1
		if server {
			l.concurrency = serverConcurrency
		}
	}
	switch {
	case l.requests > 0 || l.duration > 0:
	case server:
		l.duration = serverDuration
	default:
		l.requests = benchRequests
	}
	switch {
	case l.arrival != "":
	case l.rate > 0:
		l.arrival = "poisson"
	default:
		l.arrival = "closed"
	}
}

// check refuses numbers outside the limits, which are those of an experiment.
func (l *benchLoad) check() error {
	for _, f := range []struct {
		name               string
		value, least, most int
	}{
		{"batch", l.batch, 1, 65536},
		{"concurrency", l.concurrency, 0, 4096},
		{"requests", l.requests, 0, 1_000_000_000},
		{"warmup", l.warmup, 0, 1_000_000},
		{"seed", int(l.seed), 0, math.MaxInt},
	} {
		if err := checkRange(f.name, f.value, f.least, f.most); err != nil {
			return err
		}
	}
	for _, f := range []struct {
		name  string
		value float64
	}{{"duration", l.duration.Seconds()}, {"rate", l.rate}, {"shape", l.shape}, {"ramp", l.rampTo}} {
		if !(f.value >= 0 && f.value <= 1e7) {
			return usageError("--%s is %g; it must be from 0 to 10000000", f.name, f.value)
		}
	}
	if l.arrival == "" {
		return nil
	}
	return checkChoice("arrival", l.arrival, "constant", "poisson", "gamma", "replay")
}

// settings is the definition of the experiment that a bench is.
func (o *benchOptions) settings() definition.Settings {
	s, l := definition.Default(), &o.load
	s.Name = "bench"
	if o.target.address != "" {
		s.Target = o.target.settings(o.target.address, o.model)
	}
	s.Data = definition.Data{
		Path: o.pairs, Synthetic: o.pairs == "" && o.collection == "", Seed: benchSeed, OneQuery: l.oneQuery, Instruction: l.instruction,
	}
	s.Experiment = definition.Experiment{
		BatchSizes: []int{l.batch}, ConcurrencyLevels: []int{l.concurrency}, BenchmarkRequests: l.requests,
		Duration: config.Duration(l.duration), RampTo: l.rampTo, Warmup: l.warmup, Repeats: 1,
		Arrival: definition.Arrival{Process: l.arrival, Rate: l.rate, Shape: l.shape, Trace: l.trace, Seed: l.seed},
	}
	return s
}

// benchFlags are the flags that give the settings of a bench. Longer keys come first.
var benchFlags = strings.NewReplacer(
	"experiment.arrival.process", "--arrival", "experiment.arrival.rate", "--rate", "experiment.arrival.shape", "--shape",
	"experiment.arrival.trace", "--trace", "experiment.arrival", "--arrival", "experiment.ramp_to", "--ramp",
	"arrival.process", "--arrival", "a duration", "a --duration", "experiment.concurrency_levels", "--concurrency",
)

// checkSettings refuses a load that contradicts itself.
func checkSettings(s definition.Settings) error {
	if faults := definition.Faults(s); len(faults) > 0 {
		return usageError("%s", benchFlags.Replace(strings.Join(faults, "; ")))
	}
	if s.Data.Instruction != "" && s.Target.Dialect != "" && s.Target.Dialect != string(client.Crossrank) {
		return usageError("--instruction: the dialect %s cannot express an instruction", s.Target.Dialect)
	}
	return nil
}

// unfinished says how far an interrupted load came.
func (l *benchLoad) unfinished(requests int, elapsed time.Duration) error {
	if l.duration > 0 {
		return fmt.Errorf("interrupted after %d requests, %v of %v", requests, elapsed.Round(100*time.Millisecond), l.duration)
	}
	return fmt.Errorf("interrupted after %d of %d requests", requests, l.requests)
}
