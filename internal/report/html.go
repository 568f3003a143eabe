package report

import (
	"bytes"
	"fmt"
	"html/template"
	"strings"

	"github.com/crossrank/crossrank/internal/results"
	"github.com/crossrank/crossrank/internal/stats"
)

// HTML lays the report out as one page that asks for nothing else: its pictures and its style are inside. It is right in
// light and in dark.
func (r *Report) HTML(charts []Chart) ([]byte, error) {
	view := struct {
		*Report
		Charts []template.HTML
		Facts  [][2]string
	}{Report: r, Facts: r.facts()}
	for i := range charts {
		view.Charts = append(view.Charts, template.HTML(charts[i].SVG())) // its texts are escaped there
	}
	var b bytes.Buffer
	if err := page.Execute(&b, view); err != nil {
		return nil, fmt.Errorf("laying out the page: %w", err)
	}
	return b.Bytes(), nil
}

// facts say how the measurement was made. What is not known is left out.
func (r *Report) facts() [][2]string {
	run, m := r.Run, r.Run.Model
	var facts [][2]string
	for _, f := range [][2]string{
		{"Model", m.Model}, {"Weights", m.Weights}, {"Backend", strings.Trim(m.Backend+", "+m.Device, ", ")}, {"Quantization", m.Quantization},
		{"Data", run.Data.Name}, {"Data hash", run.Data.Hash}, {"CPU", run.Machine.CPU}, {"Cores", positive(run.Machine.Cores, "%d")},
		{"Caches", run.Machine.Caches}, {"Instruction tier", m.Tier}, {"System", strings.Trim(run.Machine.OS+", "+run.Machine.Arch, ", ")},
		{"crossrank", run.Version}, {"Go", run.Machine.Go}, {"Loop model", loopWords(run.Loop)},
		{"Command line", commandLine(run.CommandLine)}, {"Target", run.Target},
	} {
		if f[1] != "" {
			facts = append(facts, f)
		}
	}
	return facts
}

var page = template.Must(template.New("report").Funcs(template.FuncMap{
	"f": func(format string, v Value) string { return v.format(format) },
	"p": func(format string, v Value, percentile float64, n int) string {
		if n > 0 && n < stats.Needed(percentile, 0) {
			return v.format(format) + mark
		}
		return v.format(format)
	},
	"name": func(c Config) string { return c.name("concurrency") },
	"good": func(r *Report, f results.Found) string { return r.goodputs(f) },
}).Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<link rel="icon" href="data:,"><title>{{.Run.Name}}</title><style>
:root{color-scheme:light dark}body{font:15px/1.5 sans-serif;max-width:1100px;margin:2rem auto;padding:0 1rem;background:#fff;color:#222}
table{border-collapse:collapse;display:block;overflow-x:auto}td,th{padding:.25rem .7rem;border-bottom:1px solid #ccc;text-align:right;white-space:nowrap}
td:first-child,th:first-child{text-align:left}.facts td{text-align:left;white-space:normal;overflow-wrap:anywhere}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(480px,1fr));gap:1rem}.warn{border-left:4px solid #c00;padding-left:.8rem}
@media(max-width:560px){.charts{grid-template-columns:1fr}}
@media(prefers-color-scheme:dark){body{background:#161616;color:#ddd}td,th{border-color:#444}}
</style></head><body>
<h1>{{.Run.Name}}</h1><p>{{.Run.Description}}</p>
{{range .Partial}}<p class="warn">Partial: {{.}}.</p>{{end}}
{{if .Run.Model.Meaningless}}<p class="warn">The scores mean nothing: the model's weights are random. The speed is that of a real model of this shape.</p>{{end}}
<h2>Results</h2><table><tr><th>Configuration<th>Requests<th>Failed kinds<th>Seconds<th>Pairs/s<th>Tokens/s<th>Average ms<th>P50<th>P95<th>P99</tr>
{{range .Configs}}<tr><td>{{name .}}<td>{{.Answered}}<td>{{len .Failed}}<td>{{printf "%.2f" .Seconds}}<td>{{f "%.1f" .PairsPerSecond}}<td>{{f "%.0f" .TokensPerSecond}}<td>{{f "%.1f" .Latency.Average}}<td>{{p "%.1f" .Latency.P50 50 .Answered}}<td>{{p "%.1f" .Latency.P95 95 .Answered}}<td>{{p "%.1f" .Latency.P99 99 .Answered}}</tr>
{{end}}</table><p>† of fewer requests than it takes to hold a bound on that percentile with 99 % confidence.</p>
{{if .Charts}}<h2>Charts</h2><div class="charts">{{range .Charts}}<div>{{.}}</div>{{end}}</div>{{end}}
{{if .Found}}<h2>Objectives</h2><table><tr><th>Objective<th>Batch<th>Capacity/s<th>Highest passing/s<th>Lowest failing/s<th>Goodput/s at 1, 1.5, 2, 5 times<th>Note</tr>
{{range .Found}}<tr><td>P{{.Percentile}} ≤ {{.LatencyMS}} ms<td>{{.Batch}}<td>{{printf "%.2f" .Capacity}}<td>{{printf "%.2f" .Passing}}<td>{{printf "%.2f" .Failing}}<td>{{good $.Report .}}<td>{{.Note}}</tr>{{end}}</table>{{end}}
{{if eq .Run.Loop "open"}}<h2>Open loop</h2><table><tr><th>Configuration<th>Offered/s<th>Sent/s<th>Service P50<th>Service P99<th>Lag P99<th>Dropped<th>Valid</tr>
{{range .Configs}}{{if .Pacing}}<tr><td>{{name .}}<td>{{f "%.2f" .Pacing.Offered}}<td>{{f "%.2f" .Pacing.Achieved}}<td>{{f "%.1f" .Service.P50}}<td>{{p "%.1f" .Service.P99 99 .Answered}}<td>{{f "%.3f" .Pacing.LagP99}}<td>{{.Pacing.Dropped}}<td>{{if .Pacing.Valid}}yes{{else}}<b>no</b>{{end}}</tr>
{{end}}{{end}}</table>{{end}}
<h2>The server's own account</h2><table><tr><th>Figure<th>Average<th>Min<th>Max<th>P50<th>P95</tr>
{{range .Usage}}<tr><td>{{.Name}}<td>{{f "%.1f" .Average}}<td>{{f "%.1f" .Min}}<td>{{f "%.1f" .Max}}<td>{{f "%.1f" .P50}}<td>{{f "%.1f" .P95}}</tr>{{end}}</table>
<h2>Provenance</h2><table class="facts">{{range .Facts}}<tr><td>{{index . 0}}<td>{{index . 1}}</tr>{{end}}</table>
</body></html>
`))
