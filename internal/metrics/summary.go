package metrics

import (
	"encoding/json"
	"math"
	"net/http"
	"time"

	"github.com/crossrank/crossrank/internal/state"
	"github.com/crossrank/crossrank/internal/stats"
)

// summary is what GET /metrics answers to Accept: application/json, with the keys of the Python
// project's /metrics, which programs that poll it read. A pair counts as a query there. What was
// not measured is absent.
type summary struct {
	ExperimentName        string `json:"experiment_name"`
	ExperimentDescription string `json:"experiment_description"`
	BackendType           string `json:"backend_type"`
	Device                string `json:"device"`
	IsRunning             bool   `json:"is_running"`

	Count      int64 `json:"count"`       // requests answered since the start, or the last reset
	QueryCount int64 `json:"query_count"` // pairs of these

	*latencyMS

	ThroughputQPS    float64 `json:"throughput_qps"` // over the last 10 seconds
	AvgThroughputQPS float64 `json:"avg_throughput_qps"`
	TotalTimeS       float64 `json:"total_time_s"` // since the start, or the last reset

	StageBreakdown   map[string]stageMS `json:"stage_breakdown"`
	StagePercentages *stagePercentages  `json:"stage_percentages,omitempty"`
	PaddingAnalysis  *paddingAnalysis   `json:"padding_analysis,omitempty"`
	QueueSizes       *queueSizes        `json:"queue_sizes,omitempty"`
	WorkerStats      []workerStats      `json:"worker_stats"`

	*latest

	History history `json:"history"`
}

// latencyMS is absent before the first answer.
type latencyMS struct {
	AvgMS float64 `json:"avg_ms"`
	MinMS float64 `json:"min_ms"`
	MaxMS float64 `json:"max_ms"`
	StdMS float64 `json:"std_ms"`
	P50MS float64 `json:"p50_ms"`
	P95MS float64 `json:"p95_ms"`
	P99MS float64 `json:"p99_ms"`
}

// stageMS is the time that requests spent in a stage, estimated from a histogram.
type stageMS struct {
	Count int64   `json:"count"`
	AvgMS float64 `json:"avg_ms"`
	P50MS float64 `json:"p50_ms"`
	P95MS float64 `json:"p95_ms"`
	P99MS float64 `json:"p99_ms"`
}

// stagePercentages are of the mean latency.
type stagePercentages struct {
	TokenizePct  float64 `json:"tokenize_pct"`
	QueueWaitPct float64 `json:"queue_wait_pct"`
	InferencePct float64 `json:"inference_pct"`
	OtherPct     float64 `json:"other_pct"`
}

// paddingAnalysis is how much of the computation would be padding if pairs were padded.
type paddingAnalysis struct {
	AvgPaddingPct  float64  `json:"avg_padding_pct"`
	LastPaddingPct *float64 `json:"last_padding_pct,omitempty"`
}

type queueSizes struct {
	ModelQueueSize int `json:"model_queue_size"` // requests that wait for an instance
}

// workerStats is what one instance has done since the start.
type workerStats struct {
	WorkerID   int     `json:"worker_id"`
	QueryCount int64   `json:"query_count"`
	AvgMS      float64 `json:"avg_ms"` // mean time of a batch
}

// latest is the newest interval in which a request was answered.
type latest struct {
	InstantLatencyMS float64  `json:"instant_latency_ms"`
	CPUPercent       *float64 `json:"cpu_percent,omitempty"` // 100 is one core
	LastTokenizeMS   *float64 `json:"last_tokenize_ms,omitempty"`
	LastQueueWaitMS  *float64 `json:"last_queue_wait_ms,omitempty"`
	LastInferenceMS  *float64 `json:"last_inference_ms,omitempty"`
}

// runningFor is how long after the last answer a server counts as running.
const runningFor = 2 * time.Second

// serveSummary answers GET /metrics in JSON.
func (r *Recorder) serveSummary(w http.ResponseWriter, served Served) {
	body, err := json.Marshal(r.summary(served))
	if err != nil {
		http.Error(w, "the metrics could not be written as JSON", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(append(body, '\n')) // a caller that has left gets no error
}

func (r *Recorder) summary(served Served) summary {
	s := r.Snapshot()
	samples := r.History(time.Time{})
	since := s.Time.Sub(s.Since).Seconds()
	out := summary{
		Count: s.Requests - s.Errors, QueryCount: s.Pairs, IsRunning: s.InFlight > 0,
		ThroughputQPS: round(s.PairsPerSecond), TotalTimeS: round(since),
		StageBreakdown: r.stageBreakdown(), WorkerStats: []workerStats{}, History: newHistory(samples, s.Since),
	}
	if served.Info != nil {
		info := served.Info()
		out.BackendType, out.Device = info.Backend, info.Device
	}
	if since > 0 {
		out.AvgThroughputQPS = round(float64(s.Pairs) / since)
	}
	if s.Queue != nil {
		out.QueueSizes = &queueSizes{s.Queue.Requests}
	}
	for i, in := range s.Instances {
		w := workerStats{WorkerID: i, QueryCount: in.Pairs}
		if in.Batches > 0 {
			w.AvgMS = round(stats.Milliseconds(in.Busy) / float64(in.Batches))
		}
		out.WorkerStats = append(out.WorkerStats, w)
	}
	out.latencies(s)
	out.newest(samples, s.Time)
	return out
}

// latencies sets what rests on the requests that were answered.
func (out *summary) latencies(s Snapshot) {
	l := s.Latency
	if l.Count == 0 {
		return
	}
	ms := func(d time.Duration) float64 { return round(stats.Milliseconds(d)) }
	out.latencyMS = &latencyMS{ms(l.Mean), ms(l.Min), ms(l.Max), ms(l.StdDev), ms(l.P50), ms(l.P95), ms(l.P99)}
	if s.PaddedTokens > 0 {
		out.PaddingAnalysis = &paddingAnalysis{AvgPaddingPct: round(100 * (1 - float64(s.Tokens)/float64(s.PaddedTokens)))}
	}
	if mean := s.LatencySum / time.Duration(max(1, out.Count)); s.Stages.Count > 0 && mean > 0 {
		pct := func(d time.Duration) float64 { return round(100 * d.Seconds() / mean.Seconds()) }
		known := s.Stages.Tokenize + s.Stages.Queue + s.Stages.Compute
		out.StagePercentages = &stagePercentages{
			pct(s.Stages.Tokenize), pct(s.Stages.Queue), pct(s.Stages.Compute), pct(max(0, mean-known)),
		}
	}
}

// newest sets what the newest interval with an answer shows.
func (out *summary) newest(samples []state.Sample, now time.Time) {
	for i := len(samples) - 1; i >= 0; i-- {
		s := &samples[i]
		if s.LatencyMS == nil {
			continue
		}
		out.IsRunning = out.IsRunning || now.Sub(s.Time) < runningFor
		out.latest = &latest{round(*s.LatencyMS), rounded(s.CPUPct), rounded(s.TokenizeMS), rounded(s.QueueMS), rounded(s.ComputeMS)}
		if out.PaddingAnalysis != nil {
			out.PaddingAnalysis.LastPaddingPct = rounded(s.PaddingWastePct)
		}
		return
	}
}

// stageBreakdown sums up the stages since the start, or the last reset, under the Python project's
// names for them.
func (r *Recorder) stageBreakdown() map[string]stageMS {
	r.mu.Lock()
	c := r.total
	c.sub(&r.base)
	r.mu.Unlock()
	out := map[string]stageMS{}
	for name, s := range map[string]stage{"tokenize": tokenize, "queue_wait": queue, "model_inference": compute} {
		if h := &c.stages[s]; h.count > 0 {
			out[name] = stageMS{
				h.count, round(*h.meanMS()), round(*h.quantileMS(0.50)), round(*h.quantileMS(0.95)), round(*h.quantileMS(0.99)),
			}
		}
	}
	return out
}

// round keeps two decimals.
func round(x float64) float64 { return math.Round(100*x) / 100 }

func rounded(x *float64) *float64 {
	if x == nil {
		return nil
	}
	return new(round(*x))
}
