package metrics

import (
	"net/http"
	"slices"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/procstat"
	"github.com/crossrank/crossrank/internal/state"
)

// Served is what a server exposes beside its counts.
type Served struct {
	Info  func() crossrank.Info
	Ready func() bool // whether requests are taken now
}

// Handler answers GET /metrics in Prometheus's formats, with native histograms for those who ask
// for them and classic ones for all. The Go runtime's and the process's own metrics are among it.
// For those who accept JSON it answers as the Python project does.
func (r *Recorder) Handler(s Served) http.Handler {
	prometheus := promhttp.HandlerFor(r.Registry(s), promhttp.HandlerOpts{MaxRequestsInFlight: 4})
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		w.Header().Add("Vary", "Accept")
		if prefersJSON(req) {
			r.serveSummary(w, s)
			return
		}
		prometheus.ServeHTTP(w, req)
	})
}

// Registry holds what [Recorder.Handler] exposes.
func (r *Recorder) Registry(s Served) *prometheus.Registry {
	reg := prometheus.NewRegistry()
	reg.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		&collector{r, s, readHost},
	)
	return reg
}

// collector turns the state of the moment into Prometheus's metrics. The label sets are bounded:
// codes, edges, stages and the names of instances.
type collector struct {
	*Recorder
	served Served
	host   func() usage // reads what the machine keeps from the process
}

// Describe implements [prometheus.Collector]. It gives nothing: what is collected depends on which
// gauges there are, and a collector that says so is not checked against a list.
func (c *collector) Describe(chan<- *prometheus.Desc) {}

// Collect implements [prometheus.Collector].
func (c *collector) Collect(ch chan<- prometheus.Metric) {
	seen := c.host()
	c.mu.Lock()
	total := c.total
	c.mu.Unlock()

	put := sink(ch)
	c.collectServed(put)
	put.counts(&total)
	put.gauge(descInFlight, float64(c.inFlightRequests()))
	if q := read(c.opts.Gauges.Queue); q != nil {
		put.queue(q)
	}
	if b := read(c.opts.Gauges.Batches); b != nil {
		put.batches(b)
	}
	if s := read(c.opts.Gauges.Cache); s != nil {
		put.cache(s)
	}
	if s := read(c.opts.Gauges.Prefixes); s != nil {
		put.prefixes(s)
	}
	if s := read(c.opts.Gauges.Cascade); s != nil {
		put.cascade(s)
	}
	if f := c.opts.Gauges.Device; f != nil {
		put.device(f())
	}
	if f := c.opts.Gauges.GPUs; f != nil {
		put.gpus(f())
	}
	if f := c.opts.Gauges.Instances; f != nil {
		put.instances(f())
	}
	if seen.steal != nil {
		put.counter(descSteal, seen.steal.Seconds())
	}
	if seen.throttled != nil {
		put.counter(descThrottled, seen.throttled.Seconds())
	}
}

func readHost() usage { return usage{steal: procstat.Stolen(), throttled: procstat.Throttled()} }

func (c *collector) collectServed(put sink) {
	if c.served.Info != nil {
		i := c.served.Info()
		put.gauge(descModel, 1, i.Model, i.Weights, i.Backend, i.Device, i.Tier, i.Quantization, i.Version)
		put.gauge(descThreads, float64(i.Threads))
	}
	if c.served.Ready != nil {
		ready := 0.0
		if c.served.Ready() {
			ready = 1
		}
		put.gauge(descReady, ready)
	}
}

// sink is where metrics are put.
type sink chan<- prometheus.Metric

func (s sink) counter(d *prometheus.Desc, v float64, labels ...string) {
	s <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, v, labels...)
}

func (s sink) gauge(d *prometheus.Desc, v float64, labels ...string) {
	s <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
}

func (s sink) counts(c *counts) {
	for i, code := range codes {
		s.counter(descRequests, float64(c.codes[i]), string(code))
		for e := range edges {
			if code == crossrank.OK {
				continue
			}
			s.counter(descRefused, float64(c.refused[e][i]), e.String(), string(code))
		}
	}
	s <- newDurations(descLatency, &c.latency)
	for stage := range stages {
		s <- newDurations(descStage, &c.stages[stage], "stage", stage.String())
	}
	s <- newSizes(descSizes, float64(c.pairs), c.sizes)
	s.counter(descPairs, float64(c.pairs))
	s.counter(descTokens, float64(c.tokens))
	s.counter(descPadded, float64(c.padded))
	s.counter(descTruncated, float64(c.truncated))
}

func (s sink) queue(q *state.Queue) {
	s.gauge(descQueuedRequests, float64(q.Requests))
	s.gauge(descQueuedPairs, float64(q.Pairs))
	s.gauge(descQueuedTokens, float64(q.Tokens))
	s.gauge(descOldest, q.Oldest.Seconds())
	s.gauge(descRunningPairs, float64(q.RunningPairs))
	s.gauge(descRunningTokens, float64(q.RunningTokens))
}

func (s sink) batches(b *state.Batches) {
	s <- newSizes(descBatchPairs, float64(b.Pairs), b.ByPairs)
	s <- newSizes(descBatchTokens, float64(b.Tokens), b.ByTokens)
	s.counter(descBatchPadded, float64(b.Padded))
	s.gauge(descLongest, float64(b.Longest))
}

func (s sink) cache(c *state.Cache) {
	s.counter(descCacheHits, float64(c.Hits))
	s.counter(descCacheCoalesced, float64(c.Coalesced))
	s.counter(descCacheMisses, float64(c.Misses))
	s.counter(descCacheEvictions, float64(c.Evictions))
	s.gauge(descCacheScores, float64(c.Scores))
	s.gauge(descCacheBytes, float64(c.Bytes))
	s.gauge(descCacheMaxBytes, float64(c.MaxBytes))
}

func (s sink) prefixes(p *state.Prefixes) {
	s.counter(descPrefixHits, float64(p.Hits))
	s.counter(descPrefixMisses, float64(p.Misses))
	s.counter(descPrefixTokens, float64(p.Tokens))
	s.gauge(descPrefixes, float64(p.Kept))
	s.gauge(descPrefixBytes, float64(p.Bytes))
	s.gauge(descPrefixMaxBytes, float64(p.MaxBytes))
}

func (s sink) cascade(c *state.Cascade) {
	s.counter(descCascadeRequests, float64(c.Requests))
	s.counter(descCascadePairs, float64(c.Pairs))
	s.counter(descCascadeRescored, float64(c.Rescored))
	s.counter(descCascadeStages, float64(c.Stages))
	s.counter(descCascadeWidened, float64(c.Widened))
	s.gauge(descCascadeBound, c.Bound)
}

func (s sink) device(d *state.Device) {
	if d == nil {
		return
	}
	s.gauge(descDeviceMemory, float64(d.Memory))
	if d.Timed {
		s.counter(descDeviceBusy, d.Busy.Seconds())
	}
}

// gpus numbers GPUs by their place in the machine: several may have one name.
func (s sink) gpus(all []state.GPU) {
	for _, g := range all {
		labels := []string{strconv.Itoa(g.Index), g.Name}
		if g.UsedBytes != nil {
			s.gauge(descGPUUsed, float64(*g.UsedBytes), labels...)
		}
		if g.TotalBytes != nil {
			s.gauge(descGPUTotal, float64(*g.TotalBytes), labels...)
		}
		if g.BusyPct != nil {
			s.gauge(descGPUBusy, *g.BusyPct/100, labels...)
		}
	}
}

// instances gives instances of one name numbers, for two metrics with the same labels would spoil
// all the others.
func (s sink) instances(all []state.Instance) {
	var names []string
	for i, in := range all {
		name := in.Name
		if name == "" || slices.Contains(names, name) {
			name += "#" + strconv.Itoa(i)
		}
		names = append(names, name)
		s.gauge(descInstanceUp, 1, name, in.State)
		s.counter(descInstanceBatches, float64(in.Batches), name)
		s.counter(descInstancePairs, float64(in.Pairs), name)
		s.counter(descInstanceTokens, float64(in.Tokens), name)
		s.counter(descInstanceBusy, in.Busy.Seconds(), name)
		s.counter(descInstanceFailures, float64(in.Failures), name)
		s.gauge(descInstanceQueuedPairs, float64(in.QueuedPairs), name)
		s.gauge(descInstanceQueuedTokens, float64(in.QueuedTokens), name)
		s.gauge(descInstanceRunningPairs, float64(in.RunningPairs), name)
		s.gauge(descInstanceRunningTokens, float64(in.RunningTokens), name)
		s.gauge(descInstanceThreads, float64(in.Threads), name)
		if speed := in.TokensPerSecond(); speed != nil {
			s.gauge(descInstanceSpeed, *speed, name)
		}
	}
}
