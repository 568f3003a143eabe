package report

import "html/template"

const pageHead = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<link rel="icon" href="data:,"><title>{{template "title" .}}</title><style>
:root{color-scheme:light dark;--line:#ddd;--soft:#666;--card:#f6f7f8;--link:#0060a0}
*{box-sizing:border-box}body{font:16px/1.55 system-ui,sans-serif;max-width:1180px;margin:0 auto;padding:1.5rem 1rem 4rem;background:#fff;color:#222}
h1{font-size:1.7rem;margin:.2rem 0}h2{font-size:1.25rem;margin:2.4rem 0 .7rem;padding-bottom:.3rem;border-bottom:1px solid var(--line)}h3{margin:1.6rem 0 .3rem;font-size:1.05rem}
a{color:var(--link)}p.soft,.soft{color:var(--soft)}.scroll{overflow-x:auto}table{border-collapse:collapse;font-size:.93rem;font-variant-numeric:tabular-nums}
td,th{padding:.32rem .7rem;border-bottom:1px solid var(--line);text-align:right;white-space:nowrap;vertical-align:top}th{font-weight:600;color:var(--soft)}
td:first-child,th:first-child{text-align:left;padding-left:0}.words td,.words th{text-align:left;white-space:normal;overflow-wrap:anywhere}.words td:nth-child(3){white-space:nowrap}.words td:first-child{font-weight:600;min-width:8rem;overflow-wrap:normal}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(210px,1fr));gap:.8rem;margin:1.2rem 0}.tile{background:var(--card);border-radius:8px;padding:.8rem 1rem}
.tile b{display:block;font-size:1.4rem;font-weight:650}.tile span{color:var(--soft);font-size:.88rem;overflow-wrap:anywhere}
.charts{columns:2 460px;column-gap:1rem}.charts>*{break-inside:avoid;margin-bottom:1rem}
.chart{border:1px solid var(--line);border-radius:8px;overflow-x:auto}.chart svg{display:block;width:100%;min-width:500px}
.warn{border-left:4px solid #c00;padding:.2rem .8rem;background:var(--card)}
@media(max-width:600px){.words,.words tbody,.words tr,.words td{display:block}.words tr:first-child{display:none}.words td{border:0;padding:.1rem 0}.words tr{border-bottom:1px solid var(--line);padding:.5rem 0}.facts tr:first-child{display:block}}
@media(prefers-color-scheme:dark){:root{--line:#383838;--soft:#a0a0a0;--card:#202224;--link:#6cb8f0}body{background:#161616;color:#ddd}}
</style></head><body>
`

var page = template.Must(template.New("report").Funcs(functions).Parse(`{{define "title"}}{{.Run.Name}}{{end}}` + pageHead + `
<h1>{{.Run.Name}}</h1><p>{{.Run.Description}}</p>
{{range .Partial}}<p class="warn">Partial: {{.}}.</p>{{end}}
{{with .Faulty}}<p class="warn">{{.}}.</p>{{end}}
{{if .Run.Model.Meaningless}}<p class="warn">The scores mean nothing: the model's weights are random. The speed is that of a real model of this shape.</p>{{end}}
<div class="tiles">{{range .Tiles}}<div class="tile"><span>{{index . 0}}</span><b>{{index . 1}}</b><span>{{index . 2}}</span></div>{{end}}</div>
{{if .Charts}}<h2>Charts</h2><div class="charts">{{range .Charts}}<div class="chart">{{.}}</div>{{end}}</div>{{end}}
<h2>Results</h2><div class="scroll"><table><tr><th>Configuration<th>Requests<th>Failed<th>Seconds<th>Pairs/s<th>Tokens/s<th>Mean ms<th>P50<th>P95<th>P99<th>Generator CPU %</tr>
{{range .Configs}}<tr><td>{{name .}}{{if .Invalid}} <b>(not valid)</b>{{end}}{{with .Stability}}{{if not .Stable}} <b>(not stable)</b>{{end}}{{end}}<td>{{.Answered}}<td>{{sum .Failed}}<td>{{printf "%.2f" .Seconds}}<td>{{f "%.1f" .PairsPerSecond}}<td>{{f "%.0f" .TokensPerSecond}}<td>{{f "%.1f" .Latency.Average}}<td>{{p "%.1f" .Latency.P50 50 .Answered}}<td>{{p "%.1f" .Latency.P95 95 .Answered}}<td>{{p "%.1f" .Latency.P99 99 .Answered}}<td>{{f "%.1f" .Generator}}</tr>
{{end}}</table></div><p class="soft">† of fewer requests than it takes to hold a bound on that percentile with 99 % confidence.</p>
{{if .Quality}}<h2>Quality</h2><div class="scroll"><table><tr><th>Quantization<th>Pairs/s<th>Against<th>Rank correlation<th>Same best<th>Same of 10 best<th>Mean error<th>Max error<th>nDCG@10<th>MRR@10</tr>
{{range .Quality}}<tr><td>{{.Quantization}}<td>{{f "%.1f" (speed $.Report .)}}{{with .Agreement}}<td>{{.Against}}<td>{{f "%.5f" (v .RankCorrelation)}}<td>{{share .Top1}}<td>{{share .Top10}}<td>{{printf "%.3g" .MeanAbsError}}<td>{{printf "%.3g" .MaxAbsError}}{{else}}<td>n/a<td>n/a<td>n/a<td>n/a<td>n/a<td>n/a{{end}}{{with .Judged}}<td>{{printf "%.4f" .NDCG10}}<td>{{printf "%.4f" .MRR10}}{{else}}<td>n/a<td>n/a{{end}}</tr>
{{end}}</table></div>{{range .Notes}}<p class="soft">{{.}}</p>{{end}}{{end}}
{{if .Found}}<h2>Objectives</h2><div class="scroll"><table><tr><th>Objective<th>Pairs a request<th>Capacity/s<th>Highest passing/s<th>Lowest failing/s<th>Goodput/s at 1, 1.5, 2, 5 times<th>Note</tr>
{{range .Found}}<tr><td>P{{.Percentile}} ≤ {{.LatencyMS}} ms<td>{{.Batch}}<td>{{rate .Capacity}}<td>{{rate .Passing}}<td>{{rate .Failing}}<td>{{good $.Report .}}<td>{{.Note}}</tr>{{end}}</table></div>{{end}}
{{if eq .Run.Loop "open"}}<h2>Open loop</h2><div class="scroll"><table><tr><th>Configuration<th>Offered/s<th>Sent/s<th>Response P99<th>Service P50<th>Service P99<th>Lag P99<th>Dropped<th>Valid</tr>
{{range .Configs}}{{if .Pacing}}<tr><td>{{name .}}<td>{{f "%.2f" .Pacing.Offered}}<td>{{f "%.2f" .Pacing.Achieved}}<td>{{p "%.1f" .Latency.P99 99 .Answered}}<td>{{f "%.1f" .Service.P50}}<td>{{p "%.1f" .Service.P99 99 .Answered}}<td>{{f "%.3f" .Pacing.LagP99}}<td>{{.Pacing.Dropped}}<td>{{if .Pacing.Valid}}yes{{else}}<b>no</b>{{end}}</tr>
{{end}}{{end}}</table></div>{{end}}
{{if .Knees}}<h2>Saturation</h2><div class="scroll"><table><tr><th>Sweep<th>Knee<th>Pairs/s<th>Mean ms</tr>
{{range .Knees}}{{with index $.Configs .Config}}<tr><td>{{name .}}<td>{{if .Arrival}}{{printf "%.4g" .Rate}}/s{{else}}concurrency {{.Concurrency}}{{end}}<td>{{f "%.1f" .PairsPerSecond}}<td>{{f "%.1f" .Latency.Average}}</tr>{{end}}{{end}}</table></div>
<p class="soft">The knee is where the power, throughput over mean latency, is highest (Kleinrock 1979).</p>{{end}}
<h2>The server's own account</h2><div class="scroll"><table><tr><th>Figure<th>Mean<th>Min<th>Max<th>P50<th>P95</tr>
{{range .Usage}}<tr><td>{{.Name}}<td>{{f "%.1f" .Average}}<td>{{f "%.1f" .Min}}<td>{{f "%.1f" .Max}}<td>{{f "%.1f" .P50}}<td>{{f "%.1f" .P95}}</tr>{{end}}</table></div>
<h2>How it was measured</h2><table class="words facts">{{range .Facts}}<tr><td>{{index . 0}}<td>{{index . 1}}</tr>{{end}}</table>
</body></html>
`))

var summaryPage = template.Must(template.New("summary").Funcs(functions).Parse(`{{define "title"}}What the experiments teach{{end}}` + pageHead + `
<h1>What the experiments teach</h1><p class="soft">Made of results files alone: every figure and every sentence follows from them.</p>
{{if .Meaningless}}<p class="warn">The scores mean nothing: the model's weights are random. The speed is that of a real model of this shape.</p>{{end}}
<h2>What was learnt</h2><table class="words"><tr><th>Question<th>What the results say<th>From</tr>
{{range $i, $l := .Lessons}}<tr><td>{{.Topic}}<td>{{finding $.Findings $i}}<td><a href="#{{.Experiment}}">{{.Experiment}}</a></tr>{{end}}</table>
<p class="soft">{{.Noise}}</p>
<p class="soft">× is a ratio of throughputs, the geometric mean over configurations that are the same besides.</p>
<h2>Winners</h2><div class="scroll"><table><tr><th>Experiment<th>Configurations<th>Best pairs/s<th>With<th>Best mean ms<th>With<th>Worst pairs/s<th>Best over worst<th>Complete</tr>
{{range .Experiments}}<tr><td><a href="#{{.Name}}">{{.Name}}</a><td>{{.Configs}}<td>{{f "%.1f" .Best}}<td>{{.BestWith}}<td>{{f "%.1f" .Swiftest}}<td>{{.SwiftWith}}<td>{{f "%.1f" .Worst}}<td>{{f "%.2f×" (over .Best .Worst)}}<td>{{if .Complete}}yes{{else}}<b>no</b>{{end}}</tr>{{end}}</table></div>
<h2>One by one</h2><div class="charts">{{range .Shown}}<section id="{{.Name}}"><h3>{{.Name}}</h3><p>{{.Description}}{{range .Links}} · <a href="{{.Path}}">{{.Title}}</a>{{end}}</p>{{range .Charts}}<div class="chart">{{.}}</div>{{end}}</section>{{end}}</div>
<h2>How it was measured</h2>{{if .Differ}}<p class="warn">Not the same for all experiments: {{range $i, $d := .Differ}}{{if $i}}, {{end}}{{$d}}{{end}}. The table is of the first.</p>{{end}}
<table class="words facts">{{range .Facts}}<tr><td>{{index . 0}}<td>{{index . 1}}</tr>{{end}}</table>
</body></html>
`))
