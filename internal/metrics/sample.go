package metrics

import (
	"time"

	"github.com/crossrank/crossrank/internal/state"
)

// Sample is one interval of the history. Its JSON keys are part of the server's API. Requests that were under way when
// the interval ended count in the one in which they end.
type Sample struct {
	Time         time.Time `json:"time"`          // the end of the interval
	IntervalS    float64   `json:"interval_s"`    // length of the interval
	Requests     int64     `json:"requests"`      // ended in the interval, errors included
	Pairs        int64     `json:"pairs"`         // scored
	Tokens       int64     `json:"tokens"`        // computed
	PaddedTokens int64     `json:"padded_tokens"` // that padding would have computed
	Errors       int64     `json:"errors"`        // of the requests
	Overloaded   int64     `json:"overloaded"`    // of the errors: refused because too much waited
	Refused      int64     `json:"refused"`       // by an edge, before they were requests to the scorer

	// Over the requests that succeeded in the interval; nil if there were none, or if the scorer did not say.
	LatencyMS       *float64 `json:"latency_ms"`     // mean
	LatencyP50MS    *float64 `json:"latency_p50_ms"` // percentiles are estimated from a histogram, within 9 %
	LatencyP95MS    *float64 `json:"latency_p95_ms"`
	LatencyP99MS    *float64 `json:"latency_p99_ms"`
	TokenizeMS      *float64 `json:"tokenize_ms"`       // mean, and so are the next
	QueueMS         *float64 `json:"queue_ms"`          // admission to the first batch
	ComputeMS       *float64 `json:"compute_ms"`        // first batch to the end of the last
	PaddingWastePct *float64 `json:"padding_waste_pct"` // 100·(1 − tokens/padded_tokens)

	// Means over the batches that began in the interval; nil where they are not counted.
	Batches     *int64   `json:"batches"` // how many
	BatchPairs  *float64 `json:"batch_pairs"`
	BatchTokens *float64 `json:"batch_tokens"`

	// At the end of the interval; nil where it cannot be measured.
	InFlight      int      `json:"in_flight"`       // requests inside the scorer
	QueuedPairs   *int     `json:"queued_pairs"`    // waiting
	QueuedTokens  *int     `json:"queued_tokens"`   // waiting
	QueueOldestMS *float64 `json:"queue_oldest_ms"` // how long the oldest waiting request has waited
	RSSBytes      *int64   `json:"rss_bytes"`       // resident
	HeapBytes     int64    `json:"heap_bytes"`      // of live and not yet swept objects
	Goroutines    int      `json:"goroutines"`
	OpenFiles     *int     `json:"open_files"` // descriptors

	// Over the interval; 100 is one core all the time.
	CPUPct         *float64 `json:"cpu_pct"`          // of the process, over all its threads
	GCPct          *float64 `json:"gc_pct"`           // of that, what the garbage collector used
	StealPct       *float64 `json:"steal_pct"`        // of the machine, taken by others on its host
	ThrottledPct   *float64 `json:"throttled_pct"`    // of the process's control group, held back by its CPU quota
	GPUMemoryBytes *int64   `json:"gpu_memory_bytes"` // used on the device
	GPUPct         *float64 `json:"gpu_pct"`          // busy

	Instances []InstanceSample `json:"instances"` // nil if they are not told apart
}

// InstanceSample is what one engine instance did in an interval.
type InstanceSample struct {
	Name         string  `json:"name"`
	State        string  `json:"state"`
	BusyPct      float64 `json:"busy_pct"` // of the interval
	Batches      int64   `json:"batches"`
	Pairs        int64   `json:"pairs"`
	Tokens       int64   `json:"tokens"`
	QueuedTokens int     `json:"queued_tokens"` // at its end
}

// observation is what is seen of the world outside the recorder at one moment.
type observation struct {
	at        time.Time
	process   usage
	queue     *state.Queue
	batches   *state.Batches
	instances []state.Instance
	inFlight  int
}

func (r *Recorder) observe(now time.Time) observation {
	o := observation{
		at:       now,
		process:  readUsage(),
		queue:    read(r.opts.Gauges.Queue),
		batches:  read(r.opts.Gauges.Batches),
		inFlight: r.working(),
	}
	if f := r.opts.Gauges.Instances; f != nil {
		o.instances = f()
	}
	return o
}

// newSample is the interval between two observations, in which c was counted.
func newSample(c *counts, from, to observation) Sample {
	d := to.at.Sub(from.at)
	s := Sample{
		Time: to.at, IntervalS: d.Seconds(),
		Requests: c.requests(), Errors: c.errors(), Overloaded: c.codes[overloaded], Refused: c.turnedAway(),
		Pairs: c.pairs, Tokens: c.tokens, PaddedTokens: c.padded,
		LatencyMS: c.latency.meanMS(), LatencyP50MS: c.latency.quantileMS(0.50),
		LatencyP95MS: c.latency.quantileMS(0.95), LatencyP99MS: c.latency.quantileMS(0.99),
		TokenizeMS: c.stages[tokenize].meanMS(), QueueMS: c.stages[queue].meanMS(), ComputeMS: c.stages[compute].meanMS(),
		InFlight: to.inFlight,
		RSSBytes: to.process.rss, HeapBytes: to.process.heap, Goroutines: to.process.goroutines,
		OpenFiles:    to.process.files,
		CPUPct:       percent(from.process.cpu, to.process.cpu, d),
		GCPct:        percent(from.process.gc, to.process.gc, d),
		StealPct:     percent(from.process.steal, to.process.steal, d),
		ThrottledPct: percent(from.process.throttled, to.process.throttled, d),
		Instances:    instanceSamples(from.instances, to.instances, d),
	}
	if c.padded > 0 {
		s.PaddingWastePct = new(100 * (1 - float64(c.tokens)/float64(c.padded)))
	}
	if q := to.queue; q != nil {
		s.QueuedPairs, s.QueuedTokens, s.QueueOldestMS = &q.Pairs, &q.Tokens, new(milliseconds(q.Oldest))
	}
	if b, was := to.batches, from.batches; b != nil && was != nil {
		n := b.Runs - was.Runs
		s.Batches = &n
		if n > 0 {
			s.BatchPairs = new(float64(b.Pairs-was.Pairs) / float64(n))
			s.BatchTokens = new(float64(b.Tokens-was.Tokens) / float64(n))
		}
	}
	return s
}

// instanceSamples pairs instances by name: they may come and go.
func instanceSamples(from, to []state.Instance, d time.Duration) []InstanceSample {
	if to == nil {
		return nil
	}
	out := make([]InstanceSample, 0, len(to))
	for _, now := range to {
		var was state.Instance
		for _, i := range from {
			if i.Name == now.Name && i.Batches <= now.Batches {
				was = i
			}
		}
		out = append(out, InstanceSample{
			Name: now.Name, State: now.State, QueuedTokens: now.QueuedTokens,
			BusyPct: 100 * (now.Busy - was.Busy).Seconds() / d.Seconds(),
			Batches: now.Batches - was.Batches, Pairs: now.Pairs - was.Pairs, Tokens: now.Tokens - was.Tokens,
		})
	}
	return out
}
