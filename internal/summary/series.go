package summary

import "github.com/crossrank/crossrank/internal/results"

// Interval is one sample of the server.
type Interval struct {
	Configuration int   `json:"config"`
	GPUMemory     Value `json:"gpu_memory_mb"`
	GPU           Value `json:"gpu_pct"`
	CPU           Value `json:"cpu_pct"`
	Latency       Value `json:"latency_ms"`
	Throughput    Value `json:"pairs_per_s"`
	Tokenize      Value `json:"tokenize_ms"`
	Compute       Value `json:"compute_ms"`
	Queue         Value `json:"queue_ms"`
	Padding       Value `json:"padding_waste_pct"`
	Steal         Value `json:"steal_pct"`
	Throttled     Value `json:"throttled_pct"`
}

func intervalOf(configuration int, s *results.Sample) Interval {
	in := Interval{
		Configuration: configuration, GPUMemory: Unmeasured, GPU: Optional(s.GPUPct), CPU: Optional(s.CPUPct),
		Latency: Optional(s.LatencyMS), Throughput: Value(float64(s.Pairs) / s.IntervalS),
		Tokenize: Optional(s.TokenizeMS), Compute: Optional(s.ComputeMS), Queue: Optional(s.QueueMS),
		Padding: Optional(s.PaddingWastePct), Steal: Optional(s.StealPct), Throttled: Optional(s.ThrottledPct),
	}
	if s.GPUMemoryBytes != nil {
		in.GPUMemory = Value(float64(*s.GPUMemoryBytes) / (1 << 20))
	}
	return in
}

// Usage sums up one figure of the server's samples.
type Usage struct {
	Name    string `json:"name"`
	Average Value  `json:"average"`
	Min     Value  `json:"min"`
	Max     Value  `json:"max"`
	P50     Value  `json:"p50"`
	P95     Value  `json:"p95"`
}

// UsageOf sums up each figure over the samples that have it.
func UsageOf(series []Interval) []Usage {
	var usage []Usage
	for _, row := range []struct {
		name string
		of   func(*Interval) Value
	}{
		{"GPU Memory (MB)", func(in *Interval) Value { return in.GPUMemory }},
		{"GPU Utilization (%)", func(in *Interval) Value { return in.GPU }},
		{"CPU Usage (%)", func(in *Interval) Value { return in.CPU }},
		{"Tokenization (ms)", func(in *Interval) Value { return in.Tokenize }},
		{"Inference (ms)", func(in *Interval) Value { return in.Compute }},
		{"Queue Wait (ms)", func(in *Interval) Value { return in.Queue }},
		{"Padding Waste (%)", func(in *Interval) Value { return in.Padding }},
		{StealUsage, func(in *Interval) Value { return in.Steal }},
		{ThrottledUsage, func(in *Interval) Value { return in.Throttled }},
	} {
		var xs []float64
		for i := range series {
			if v := row.of(&series[i]); v.Measured() {
				xs = append(xs, float64(v))
			}
		}
		d := distributionOf(xs)
		usage = append(usage, Usage{Name: row.name, Average: d.Average, Min: d.Min, Max: d.Max, P50: d.P50, P95: d.P95})
	}
	return usage
}
