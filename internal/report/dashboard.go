package report

import "fmt"

// usage prints what the server's own samples say in sum.
func (r *Report) usage(p *printer) {
	p.para("## Dashboard Metrics Summary")
	p.header("Metric", "Avg", "Min", "Max", "P50", "P95")
	for _, u := range r.Usage {
		p.row(u.Name, u.Average.format("%.1f"), u.Min.format("%.1f"), u.Max.format("%.1f"), u.P50.format("%.1f"), u.P95.format("%.1f"))
	}
	p.line("")
	p.para("CPU is the server process's over all of its threads; 100 is one core.")
	if r.Run.Model.Device == "cpu" {
		p.para("GPU figures are %s: the model ran on the CPU.", notMeasured)
	}
	if r.Run.Model.Backend == "native" && !r.Run.Model.Padded && (r.Batching == nil || r.Batching.Packing) {
		p.para("0 padding was computed: batches are packed. Padding Waste is the part of the work that padding every pair to the " +
			"longest of its batch would have wasted.")
	}
}

// series prints the server's samples one by one.
func (r *Report) series(p *printer) {
	p.para("## Dashboard Time-Series Data")
	if len(r.Series) == 0 {
		p.para("%s: there are no samples of the server's history.", notMeasured)
		return
	}
	p.header("Index", "GPU Mem (MB)", "GPU Util (%)", "CPU (%)", "Latency (ms)", "Throughput",
		"Tokenize (ms)", "Inference (ms)", "Queue (ms)", "Padding (%)")
	for i, in := range r.Series {
		p.row(fmt.Sprint(i), in.GPUMemory.format("%.1f"), in.GPU.format("%.1f"), in.CPU.format("%.1f"),
			in.Latency.format("%.1f"), in.Throughput.format("%.0f"), in.Tokenize.format("%.1f"), in.Compute.format("%.1f"),
			in.Queue.format("%.1f"), in.Padding.format("%.1f"))
	}
	p.line("")
	if len(r.Configs) < 2 {
		return
	}
	for first := 0; first < len(r.Series); {
		config, last := r.Series[first].Config, first
		for last+1 < len(r.Series) && r.Series[last+1].Config == config {
			last++
		}
		p.line("- Index %d to %d: %s", first, last, r.configName(config))
		first = last + 1
	}
	p.line("")
}
