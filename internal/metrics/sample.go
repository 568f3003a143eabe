package metrics

import (
	"time"

	"github.com/crossrank/crossrank/internal/procstat"
	"github.com/crossrank/crossrank/internal/state"
	"github.com/crossrank/crossrank/internal/stats"
)

// observation is what is seen of the world outside the recorder at one moment.
type observation struct {
	at        time.Time
	process   usage
	queue     *state.Queue
	batches   *state.Batches
	device    *state.Device
	gpus      []state.GPU
	prefixes  *state.Prefixes
	instances []state.Instance
	inFlight  int
}

func (r *Recorder) observe(now time.Time) observation {
	o := observation{
		at:       now,
		process:  readUsage(),
		queue:    read(r.opts.Gauges.Queue),
		batches:  read(r.opts.Gauges.Batches),
		prefixes: read(r.opts.Gauges.Prefixes),
		inFlight: r.inFlightRequests(),
	}
	if f := r.opts.Gauges.Instances; f != nil {
		o.instances = f()
	}
	if f := r.opts.Gauges.Device; f != nil {
		o.device = f()
	}
	if f := r.opts.Gauges.GPUs; f != nil {
		o.gpus = f()
	}
	return o
}

// newSample is the interval between two observations, in which c was counted.
func newSample(c *counts, from, to observation) state.Sample {
	d := to.at.Sub(from.at)
	s := state.Sample{
		Time: to.at, IntervalS: d.Seconds(),
		Requests: c.requests(), Errors: c.errors(), Overloaded: new(c.codes[overloaded]), Refused: new(c.edgeRefusals()),
		Pairs: c.pairs, Tokens: c.tokens, PaddedTokens: c.padded,
		LatencyMS: c.latency.meanMS(), LatencyP50MS: c.latency.quantileMS(0.50),
		LatencyP95MS: c.latency.quantileMS(0.95), LatencyP99MS: c.latency.quantileMS(0.99),
		TokenizeMS: c.stages[tokenize].meanMS(), QueueMS: c.stages[queue].meanMS(), ComputeMS: c.stages[compute].meanMS(),
		InFlight: new(to.inFlight),
		RSSBytes: to.process.rss, HeapBytes: new(to.process.heap), Goroutines: new(to.process.goroutines),
		OpenFiles:    to.process.files,
		CPUPct:       procstat.Percent(from.process.cpu, to.process.cpu, d),
		GCPct:        procstat.Percent(from.process.gc, to.process.gc, d),
		StealPct:     procstat.Percent(from.process.steal, to.process.steal, d),
		ThrottledPct: procstat.Percent(from.process.throttled, to.process.throttled, d),
		Instances:    instanceSamples(from.instances, to.instances, d),
	}
	if c.padded > 0 {
		s.PaddingWastePct = new(100 * (1 - float64(c.tokens)/float64(c.padded)))
	}
	if q := to.queue; q != nil {
		s.QueuedPairs, s.QueuedTokens, s.QueueOldestMS = &q.Pairs, &q.Tokens, new(stats.Milliseconds(q.Oldest))
	}
	if b, was := to.batches, from.batches; b != nil && was != nil {
		n := b.Runs - was.Runs
		s.Batches = &n
		if n > 0 {
			s.BatchPairs = new(float64(b.Pairs-was.Pairs) / float64(n))
			s.BatchTokens = new(float64(b.Tokens-was.Tokens) / float64(n))
		}
	}
	if dev, was := to.device, from.device; dev != nil {
		s.GPUMemoryBytes = &dev.Memory
		if was != nil && dev.Timed && was.Timed && d > 0 {
			s.GPUPct = new(min(100, 100*(dev.Busy-was.Busy).Seconds()/d.Seconds())) // clocks are not read at once
		}
	}
	countGPUs(&s, to.gpus)
	if from.prefixes != nil && to.prefixes != nil {
		s.CountPrefixes(*from.prefixes, *to.prefixes)
	}
	return s
}

// countGPUs sets what a backend did not count itself: the memory of all GPUs, and how busy the
// busiest is.
func countGPUs(s *state.Sample, gpus []state.GPU) {
	var used *int64
	var busy *float64
	for _, g := range gpus {
		if g.UsedBytes != nil {
			if used == nil {
				used = new(int64)
			}
			*used += *g.UsedBytes
		}
		if g.BusyPct != nil && (busy == nil || *g.BusyPct > *busy) {
			busy = g.BusyPct
		}
	}
	if s.GPUMemoryBytes == nil {
		s.GPUMemoryBytes = used
	}
	if s.GPUPct == nil {
		s.GPUPct = busy
	}
}

// instanceSamples pairs instances by name: they may come and go.
func instanceSamples(from, to []state.Instance, d time.Duration) []state.InstanceSample {
	if to == nil {
		return nil
	}
	out := make([]state.InstanceSample, 0, len(to))
	for _, now := range to {
		var was state.Instance
		for _, i := range from {
			if i.Name == now.Name && i.Batches <= now.Batches {
				was = i
			}
		}
		out = append(out, state.InstanceSample{
			Name: now.Name, State: now.State, QueuedTokens: now.QueuedTokens,
			BusyPct: 100 * (now.Busy - was.Busy).Seconds() / d.Seconds(),
			Batches: now.Batches - was.Batches, Pairs: now.Pairs - was.Pairs, Tokens: now.Tokens - was.Tokens,
			Failures: new(now.Failures - was.Failures), TokensPerSecond: now.TokensPerSecond(),
		})
	}
	return out
}
