package summary

import (
	"slices"
	"strings"

	"github.com/crossrank/crossrank/internal/results"
	"github.com/crossrank/crossrank/internal/stats"
)

// Configuration sums up one configuration of a measurement. Failed requests count as Failed, and in
// no other figure.
type Configuration struct {
	Batch       int            `json:"batch"`       // pairs per request
	Concurrency int            `json:"concurrency"` // of a closed loop; an open one has a Rate
	Planned     int            `json:"planned"`
	Answered    int            `json:"answered"`
	Failed      map[string]int `json:"failed,omitempty"` // by code
	FirstError  string         `json:"first_error,omitempty"`
	Abandoned   int            `json:"abandoned,omitempty"`
	Warmup      int            `json:"warmup"`
	Complete    bool           `json:"complete"`

	Pairs           int     `json:"pairs"`
	Tokens          int     `json:"tokens"`
	TruncatedTokens int     `json:"truncated_tokens"`
	PaddedTokens    int     `json:"padded_tokens"`
	Seconds         float64 `json:"seconds"`

	Set         []results.Setting `json:"set,omitempty"` // what the experiment varies
	Repeat      int               `json:"repeat,omitempty"`
	Search      string            `json:"search,omitempty"`       // what it is in a search for an objective
	Attempt     int               `json:"attempt,omitempty"`      // of a probe that was not valid before, from 0
	Arrival     string            `json:"arrival,omitempty"`      // the process of an open loop; empty in a closed one
	Rate        float64           `json:"rate,omitempty"`         // requests per second of an open loop
	RampTo      float64           `json:"ramp_to,omitempty"`      // what the rate, or the concurrency, moves to until the end; 0 if it stays
	ObjectiveMS float64           `json:"objective_ms,omitempty"` // the bound of the latency that is asked for
	Service     *Distribution     `json:"service_ms,omitempty"`   // from the actual moment of sending; of open loops
	Pacing      *Pacing           `json:"pacing,omitempty"`       // of open loops
	Goodput     Value             `json:"goodput_per_s"`          // requests answered within the objective
	Goodputs    []Goodput         `json:"goodputs,omitempty"`     // within each objective of a probe that has several

	Invalid   string             `json:"invalid,omitempty"`   // why no verdict may use it
	Mix       string             `json:"mix,omitempty"`       // what requests of many sizes were drawn from
	Generator Value              `json:"generator_cpu_pct"`   // CPU of the process that sends; 100 is one core
	Stability *results.Stability `json:"stability,omitempty"` // nil if the experiment does not ask

	// CPU time that the server lacked, means over its samples; 100 is one core.
	Steal     Value `json:"steal_pct"`     // of the machine: others on its host took it
	Throttled Value `json:"throttled_pct"` // of the server: a CPU quota held it back

	Prefixes *Prefixes `json:"prefixes"` // nil for models that share no beginnings, and where it is not known

	Stages          Stages       `json:"stages_ms"`
	PairsPerSecond  Value        `json:"pairs_per_s"` // of the whole system
	TokensPerSecond Value        `json:"tokens_per_s"`
	Latency         Distribution `json:"latency_ms"`                // from the intended moment of sending
	PerRequest      Distribution `json:"request_pairs_per_s"`       // a request's pairs over its own latency
	Buckets         []Bucket     `json:"latency_versus_throughput"` // by latency, lowest first
	Correlation     Value        `json:"correlation"`               // of latency and throughput, over the requests
	Stretches       []Stretch    `json:"over_time,omitempty"`       // of a load that moves, in the order of time
}

// Stages are the means of where the time of an answered request went.
type Stages struct {
	Tokenize Value `json:"tokenize"`
	Queue    Value `json:"queue"`
	Compute  Value `json:"compute"`
	Rest     Value `json:"rest"` // the network, being sent late, and all else
}

func configurationOf(m *results.Measured) Configuration {
	p := &m.Configuration
	c := Configuration{
		Batch: p.Batch, Concurrency: p.Concurrency, Planned: p.Requests, Warmup: p.Warmup, Mix: p.Mix,
		Set: p.Set, Repeat: p.Repeat, Search: p.Search, Attempt: p.Attempt, ObjectiveMS: p.Objective, Arrival: p.Arrival, Rate: p.Rate, RampTo: p.RampTo,
		Failed: map[string]int{}, Seconds: m.Elapsed().Seconds(), Generator: Unmeasured,
	}
	latency, throughput := c.count(m.Requests)
	c.goodput(p.Objectives, latency)
	c.Stages = stagesOf(m)
	c.PairsPerSecond = perSecond(c.Pairs, c.Seconds)
	c.TokensPerSecond = perSecond(c.Tokens, c.Seconds)
	c.Latency = distributionOf(latency)
	c.PerRequest = distributionOf(throughput)
	c.Buckets = bucketsOf(latency, throughput)
	c.Correlation = Value(stats.Pearson(latency, throughput))
	c.Stretches = stretchesOf(m)
	c.Prefixes = prefixesOf(m.Samples)
	if m.End != nil {
		c.end(m.End)
	}
	c.Steal = meanOver(m.Samples, func(s *results.Sample) *float64 { return s.StealPct })
	c.Throttled = meanOver(m.Samples, func(s *results.Sample) *float64 { return s.ThrottledPct })
	if c.Arrival != "" {
		c.pace(m.Requests)
	}
	return c
}

// count adds up the requests, and gives the latency in ms and the throughput in pairs/s of those
// that were answered.
func (c *Configuration) count(requests []results.Request) (latency, throughput []float64) {
	for i := range requests {
		r := &requests[i]
		if !r.OK() {
			if len(c.Failed) == 0 {
				c.FirstError = r.Error
			}
			c.Failed[string(r.Code)]++
			continue
		}
		c.Answered++
		c.Pairs += r.Pairs
		c.Tokens += r.Tokens
		c.TruncatedTokens += r.TruncatedTokens
		c.PaddedTokens += r.PaddedTokens
		// A clock that did not advance between two readings would make the throughput infinite.
		took := max(r.Latency(), 1)
		latency = append(latency, stats.Milliseconds(took))
		throughput = append(throughput, float64(r.Pairs)/took.Seconds())
	}
	return latency, throughput
}

// end notes what the end of a configuration says of it.
func (c *Configuration) end(e *results.ConfigurationEnd) {
	c.Complete, c.Abandoned, c.Invalid, c.Stability = e.Complete, e.Abandoned, e.Invalid, e.Stability
	if e.GeneratorCPU > 0 && e.Elapsed > 0 {
		c.Generator = Value(100 * e.GeneratorCPU.Seconds() / e.Elapsed.Seconds())
	}
}

func stagesOf(m *results.Measured) Stages {
	var s Stages
	n := Value(0)
	for i := range m.Requests {
		if r := &m.Requests[i]; r.OK() {
			n++
			s.Tokenize += Value(stats.Milliseconds(r.Tokenize))
			s.Queue += Value(stats.Milliseconds(r.Queue))
			s.Compute += Value(stats.Milliseconds(r.Compute))
			s.Rest += Value(stats.Milliseconds(max(0, r.Latency()-r.Tokenize-r.Queue-r.Compute)))
		}
	}
	if n == 0 {
		return Stages{Unmeasured, Unmeasured, Unmeasured, Unmeasured}
	}
	return Stages{s.Tokenize / n, s.Queue / n, s.Compute / n, s.Rest / n}
}

// perSecond is not measured where nothing was answered.
func perSecond(n int, seconds float64) Value {
	if n == 0 || seconds <= 0 {
		return Unmeasured
	}
	return Value(float64(n) / seconds)
}

// Name says which configuration it is.
func (c *Configuration) Name() string {
	p := c.load()
	p.Mix, p.Set, p.Search, p.Attempt, p.Repeat = c.Mix, c.Set, c.Search, c.Attempt, c.Repeat
	return p.Name()
}

// load is what c says of its load.
func (c *Configuration) load() *results.Configuration {
	return &results.Configuration{Batch: c.Batch, Concurrency: c.Concurrency, Arrival: c.Arrival, Rate: c.Rate, RampTo: c.RampTo}
}

// ShortName is Name as tables have it.
func (c *Configuration) ShortName() string {
	return strings.Replace(c.Name(), ", concurrency=", ", conc=", 1)
}

// SetWords lists the settings that the experiment varies, except those whose keys end in one of
// but.
func SetWords(set []results.Setting, but ...string) string {
	var words []string
	for _, s := range set {
		if !slices.Contains(but, s.Short()) {
			words = append(words, s.Short()+"="+s.Value)
		}
	}
	return strings.Join(words, ", ")
}

// FailedRequests is how many failed, by whatever code.
func (c *Configuration) FailedRequests() int {
	n := 0
	for _, k := range c.Failed {
		n += k
	}
	return n
}

// Counts reports whether a configuration is complete, valid and no probe of a search, so that
// findings may use it.
func (c *Configuration) Counts() bool {
	return c.Search == "" && c.Complete && c.Invalid == "" && c.PairsPerSecond.Measured() && c.Latency.Average.Measured()
}
