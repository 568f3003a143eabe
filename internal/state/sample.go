package state

import "time"

// Sample is one interval of a server's history. Its JSON keys are part of the server's API and of
// results files.
//
// Requests that were under way when the interval ended count in the one in which they end. A nil
// field was not measured, or was not yet known to the program that wrote the sample; it is never 0
// for that.
type Sample struct {
	Time         time.Time `json:"time"`          // the end of the interval
	IntervalS    float64   `json:"interval_s"`    // length of the interval
	Requests     int64     `json:"requests"`      // ended in the interval, errors included
	Pairs        int64     `json:"pairs"`         // scored
	Tokens       int64     `json:"tokens"`        // computed
	PaddedTokens int64     `json:"padded_tokens"` // that padding would have computed
	Errors       int64     `json:"errors"`        // of the requests
	Overloaded   *int64    `json:"overloaded"`    // of the errors: refused because too much waited
	Refused      *int64    `json:"refused"`       // by an edge, before they were requests to the scorer

	// Over the requests that succeeded in the interval; nil if there were none, or if the scorer
	// did not report times.
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

	// Of what pairs begin with, in the interval; nil for models that compute it for every pair.
	PrefixHits   *int64 `json:"prefix_hits"`          // beginnings that were kept from earlier batches, wholly or in part
	PrefixMisses *int64 `json:"prefix_misses"`        // beginnings that were not
	PrefixTokens *int64 `json:"prefix_shared_tokens"` // tokens that were not computed again

	// At the end of the interval; nil where it cannot be measured.
	InFlight      *int     `json:"in_flight"`       // requests inside the scorer
	QueuedPairs   *int     `json:"queued_pairs"`    // waiting
	QueuedTokens  *int     `json:"queued_tokens"`   // waiting
	QueueOldestMS *float64 `json:"queue_oldest_ms"` // how long the oldest waiting request has waited
	RSSBytes      *int64   `json:"rss_bytes"`       // resident
	HeapBytes     *int64   `json:"heap_bytes"`      // of live and not yet swept objects
	Goroutines    *int     `json:"goroutines"`
	OpenFiles     *int     `json:"open_files"` // descriptors

	// Over the interval; 100 is one core all the time.
	CPUPct         *float64 `json:"cpu_pct"`          // of the process, over all its threads
	GCPct          *float64 `json:"gc_pct"`           // of that, what the garbage collector used
	StealPct       *float64 `json:"steal_pct"`        // of the machine, taken by others on its host
	ThrottledPct   *float64 `json:"throttled_pct"`    // of the process's control group, held back by its CPU quota
	GPUMemoryBytes *int64   `json:"gpu_memory_bytes"` // allocated on the device by the server; else used by all programs, if its driver says so
	GPUPct         *float64 `json:"gpu_pct"`          // of the device, busy for the server; else for all programs, if its driver says so

	Instances []InstanceSample `json:"instances"` // nil if instances are not reported
}

// InstanceSample is what one engine instance did in an interval.
type InstanceSample struct {
	Name            string   `json:"name"`
	State           string   `json:"state"`
	BusyPct         float64  `json:"busy_pct"` // of the interval
	Batches         int64    `json:"batches"`
	Pairs           int64    `json:"pairs"`
	Tokens          int64    `json:"tokens"`
	QueuedTokens    int      `json:"queued_tokens"`     // at the end of the interval
	Failures        *int64   `json:"failures"`          // runs that ended with an error or a panic; not among the batches
	TokensPerSecond *float64 `json:"tokens_per_second"` // while busy, over about the last ten seconds of it; nil if nothing was computed
}

// Start is when the interval began.
func (s *Sample) Start() time.Time {
	return s.Time.Add(-time.Duration(s.IntervalS * float64(time.Second)))
}

// CountPrefixes sets what was counted of beginnings from was to now, unless the model shares none.
func (s *Sample) CountPrefixes(was, now Prefixes) {
	if now == (Prefixes{}) {
		return
	}
	in := now.Since(was)
	s.PrefixHits, s.PrefixMisses, s.PrefixTokens = &in.Hits, &in.Misses, &in.Tokens
}
