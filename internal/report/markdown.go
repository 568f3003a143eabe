package report

import (
	"bytes"
	"cmp"
	"fmt"
	"strings"
)

// Markdown lays the report out.
func (r *Report) Markdown() []byte {
	p := &printer{}
	r.title(p)
	r.summary(p)
	r.details(p)
	r.overall(p)
	r.usage(p)
	r.series(p)
	r.settings(p)
	r.qualities(p)
	r.openLoop(p)
	r.objectives(p)
	r.saturation(p)
	r.load(p)
	r.provenance(p)
	r.validity(p)
	return append(bytes.TrimRight(p.Bytes(), "\n"), '\n')
}

func (r *Report) title(p *printer) {
	p.para("# %s", text(cmp.Or(r.Run.Name, "Results")))
	if len(r.Partial) > 0 {
		p.para("> **Partial results:** %s. What follows is what was measured until then.", text(r.Partial[len(r.Partial)-1]))
	}
	if r.Run.Model.Meaningless {
		p.para("> **The scores mean nothing:** the model's weights are random. The speed is that of a real model of this shape.")
	}
	if d := text(r.Run.Description); d != "" {
		p.para("_%s_", d)
	}
	started := notMeasured
	if !r.Run.Started.IsZero() {
		started = r.Run.Started.Format("2006-01-02 15:04:05")
	}
	p.para("**Timestamp:** %s", started)
	p.para("**Model:** %s", code(r.Run.Model.Model))
	p.para("**Backend:** %s | **Device:** %s", code(r.Run.Model.Backend), code(r.Run.Model.Device))
	if b := r.Batching; b != nil && b.Enabled {
		p.para("**Dynamic Batching:** %s", b.words())
	}
	p.para("**Loop:** %s", loopWords(r.Run.Loop))
}

// loopWords says what a load's loop is.
func loopWords(loop string) string {
	if loop == "closed" {
		return "closed: each of the workers (column Conc) sends its next request when its last one is answered"
	}
	if loop == "open" {
		return "open: requests are sent on a schedule that was made before, and latency counts from their intended times"
	}
	return cmp.Or(text(loop), notMeasured)
}

// words says what joins requests, for the title.
func (b *batching) words() string {
	var bounds []string
	if b.MaxBatchSize > 0 {
		bounds = append(bounds, fmt.Sprintf("at most %d pairs a batch", b.MaxBatchSize))
	}
	if b.MaxBatchTokens > 0 {
		bounds = append(bounds, fmt.Sprintf("at most %d tokens a batch", b.MaxBatchTokens))
	}
	if len(bounds) == 0 {
		bounds = append(bounds, "batches of the default size")
	}
	if b.TimeoutMS > 0 {
		bounds = append(bounds, fmt.Sprintf("timeout %gms", b.TimeoutMS))
	} else {
		bounds = append(bounds, "no timeout: a batch is what waits when the engine becomes free")
	}
	return strings.Join(bounds, ", ")
}

func (r *Report) summary(p *printer) {
	p.para("## Results Summary")
	p.header("Batch", "Conc", "Pairs", "Time(s)", "Lat Avg", "Lat P95", "Lat P99", "TP Avg", "TP P95")
	var m marks
	for i := range r.Configs {
		c := &r.Configs[i]
		n := c.Answered
		p.row(
			fmt.Sprint(c.Batch), fmt.Sprint(c.Concurrency), fmt.Sprint(c.Pairs), fmt.Sprintf("%.2f", c.Seconds),
			c.Latency.Average.format("%.1fms"), m.mark(c.Latency.P95.format("%.1fms"), 95, n), m.mark(c.Latency.P99.format("%.1fms"), 99, n),
			c.PairsPerSecond.format("%.1f"), m.mark(c.PerRequest.P95.format("%.1f"), 95, n),
		)
	}
	p.line("")
	m.note(p)
}

func (r *Report) details(p *printer) {
	p.para("## Detailed Metrics")
	for i := range r.Configs {
		c := &r.Configs[i]
		p.para("### Config %d: %s", i+1, c.name("concurrency"))
		p.para("**Total:** %d pairs in %.2fs", c.Pairs, c.Seconds)
		p.line("#### Latency (ms)")
		p.distribution(c.Latency, c.Latency.Average)
		p.line("#### Throughput (pairs/s)")
		p.distribution(c.PerRequest, c.PairsPerSecond)
		p.para("Average is the whole system's; the other figures are those of single requests.")
		c.versus(p)
	}
}

// distribution prints a table of d with an average that may be of another kind.
func (p *printer) distribution(d Distribution, average Value) {
	var m marks
	p.line("| Metric | Value |")
	p.line("|--------|-------|")
	p.row("Average", average.format("%.2f"))
	p.row("Min", d.Min.format("%.2f"))
	p.row("Max", d.Max.format("%.2f"))
	p.row("Std Dev", d.StdDev.format("%.2f"))
	p.row("P50", m.mark(d.P50.format("%.2f"), 50, d.N))
	p.row("P90", m.mark(d.P90.format("%.2f"), 90, d.N))
	p.row("P95", m.mark(d.P95.format("%.2f"), 95, d.N))
	p.row("P99", m.mark(d.P99.format("%.2f"), 99, d.N))
	p.line("")
	m.note(p)
}

func (c *Config) versus(p *printer) {
	p.para("#### Latency vs Throughput Analysis")
	p.header("Latency Range", "Avg Throughput", "Min Throughput", "Max Throughput", "Count")
	names := []string{"P50", "P50-P75", "P75-P90", "P90+"}
	for i, b := range c.Buckets {
		var span string
		switch {
		case !c.Latency.P50.Measured():
			span = notMeasured
		case !b.From.Measured():
			span = b.To.format("< %.1fms")
		case !b.To.Measured():
			span = b.From.format(">= %.1fms")
		default:
			span = b.From.format("%.1f-") + b.To.format("%.1fms")
		}
		p.row(fmt.Sprintf("%s (%s)", span, names[i]),
			b.Average.format("%.2f"), b.Min.format("%.2f"), b.Max.format("%.2f"), fmt.Sprint(b.Count))
	}
	p.line("")
	p.para("**Correlation:** %s (negative correlation expected: lower latency = higher throughput)", c.Correlation.format("%.3f"))
}

func (r *Report) overall(p *printer) {
	p.para("## Overall Summary")
	o := r.Overall
	p.header("Metric", "Value", "Config")
	p.row("Best Throughput", o.BestThroughput.format("%.2f p/s"), r.configName(o.FastestConfig))
	p.row("Best Latency", o.BestLatency.format("%.2fms"), r.configName(o.SwiftestConfig))
	p.row("Avg Throughput", o.AvgThroughput.format("%.2f p/s"), "all configs")
	p.row("Avg Latency", o.AvgLatency.format("%.2fms"), "all configs")
	p.line("")
}

func (r *Report) configName(i int) string {
	if i < 0 {
		return notMeasured
	}
	return r.Configs[i].name("conc")
}

// name says which configuration it is, with the word for its concurrency.
func (c *Config) name(concurrency string) string {
	name := fmt.Sprintf("batch=%d, %s=%d", c.Batch, concurrency, c.Concurrency)
	if c.Arrival != "" {
		name = fmt.Sprintf("batch=%d, %s at %.4g/s", c.Batch, text(c.Arrival), c.Rate)
	}
	if c.Mix != "" {
		name = strings.Replace(name, "batch=", "documents=about ", 1)
	}
	name += c.set()
	if c.Search != "" {
		name += ", " + text(c.Search)
	}
	if c.Repeat > 0 {
		name += fmt.Sprintf(", repeat %d", c.Repeat+1)
	}
	return name
}

// set tells what is swept, ready to be put behind a name.
func (c *Config) set() string {
	words := ""
	for _, s := range c.Set {
		words += fmt.Sprintf(", %s=%s", text(s.Short()), text(s.Value))
	}
	return words
}
