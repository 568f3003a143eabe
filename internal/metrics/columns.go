package metrics

import (
	"time"

	"github.com/crossrank/crossrank/internal/state"
)

// historyLength bounds the intervals in a [history]: half an hour at the usual interval.
const historyLength = 3600

// history is a list per figure, as the Python project's page and client read it, with one element
// per interval in which a request was answered. A list is empty if its figure was not measured in
// each of them, because its readers can handle an empty list and no gap.
type history struct {
	Timestamps  []float64 `json:"timestamps"` // seconds since the start, or the last reset
	Latencies   []float64 `json:"latencies"`  // mean, in ms
	Throughput  []float64 `json:"throughput"` // pairs per second
	Queries     []float64 `json:"queries"`    // pairs up to then
	CPUPercent  []float64 `json:"cpu_percent"`
	GPUMemoryMB []float64 `json:"gpu_memory_mb"`
	GPUPercent  []float64 `json:"gpu_utilization_pct"`
	QueueWaitMS []float64 `json:"queue_wait_ms"`
	TokenizeMS  []float64 `json:"tokenize_ms"`
	InferenceMS []float64 `json:"inference_ms"`
	PaddingPct  []float64 `json:"padding_pct"`
}

func newHistory(samples []state.Sample, since time.Time) history {
	var answered []*state.Sample
	queries := map[*state.Sample]float64{}
	pairs := 0.0
	for i := range samples {
		s := &samples[i]
		pairs += float64(s.Pairs)
		if s.LatencyMS != nil {
			answered, queries[s] = append(answered, s), pairs
		}
	}
	answered = answered[max(0, len(answered)-historyLength):]
	list := func(figure func(s *state.Sample) *float64) []float64 {
		out := make([]float64, 0, len(answered))
		for _, s := range answered {
			x := figure(s)
			if x == nil {
				return []float64{}
			}
			out = append(out, round(*x))
		}
		return out
	}
	return history{
		Timestamps:  list(func(s *state.Sample) *float64 { return new(s.Time.Sub(since).Seconds()) }),
		Latencies:   list(func(s *state.Sample) *float64 { return s.LatencyMS }),
		Throughput:  list(func(s *state.Sample) *float64 { return new(float64(s.Pairs) / s.IntervalS) }),
		Queries:     list(func(s *state.Sample) *float64 { return new(queries[s]) }),
		CPUPercent:  list(func(s *state.Sample) *float64 { return s.CPUPct }),
		GPUMemoryMB: list(gpuMemoryMB),
		GPUPercent:  list(func(s *state.Sample) *float64 { return s.GPUPct }),
		QueueWaitMS: list(func(s *state.Sample) *float64 { return s.QueueMS }),
		TokenizeMS:  list(func(s *state.Sample) *float64 { return s.TokenizeMS }),
		InferenceMS: list(func(s *state.Sample) *float64 { return s.ComputeMS }),
		PaddingPct:  list(func(s *state.Sample) *float64 { return s.PaddingWastePct }),
	}
}

func gpuMemoryMB(s *state.Sample) *float64 {
	if s.GPUMemoryBytes == nil {
		return nil
	}
	return new(float64(*s.GPUMemoryBytes) / (1 << 20))
}
