package report

import (
	"bytes"
	"fmt"
	"html/template"
	"regexp"
	"strings"

	"github.com/crossrank/crossrank/internal/results"
	"github.com/crossrank/crossrank/internal/stats"
)

// HTML lays the report out as one page that asks for nothing else: its pictures and its style are inside. It is right in
// light and in dark, and on a phone.
func (r *Report) HTML(charts []Chart) ([]byte, error) {
	view := struct {
		*Report
		Charts []template.HTML
		Facts  [][2]string
		Tiles  [][3]string
		Notes  []template.HTML
	}{Report: r, Facts: r.facts(), Tiles: r.tiles()}
	for i := range charts {
		view.Charts = append(view.Charts, template.HTML(charts[i].SVG())) // its texts are escaped there
	}
	for _, note := range r.qualityNotes() {
		view.Notes = append(view.Notes, inline(note))
	}
	return execute(page, view)
}

func execute(t *template.Template, view any) ([]byte, error) {
	var b bytes.Buffer
	if err := t.Execute(&b, view); err != nil {
		return nil, fmt.Errorf("laying out the page: %w", err)
	}
	return b.Bytes(), nil
}

// Faulty says how many configurations are not valid, and why the first is not; it is empty if all are.
func (r *Report) Faulty() string {
	n, first := 0, ""
	for i := range r.Configs {
		if c := &r.Configs[i]; c.Invalid != "" {
			if n++; n == 1 {
				first = plain(c.name("concurrency")) + ": " + c.Invalid
			}
		}
	}
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("Not valid: %d of %d configurations, the first, %s", n, len(r.Configs), first)
}

// tiles are the figures that people look for first: what, how much, of what.
func (r *Report) tiles() [][3]string {
	var tiles [][3]string
	o := r.Overall
	if o.FastestConfig >= 0 {
		tiles = append(tiles, [3]string{"Best throughput", o.BestThroughput.format("%.1f pairs/s"), plain(r.Configs[o.FastestConfig].name("concurrency"))})
	}
	if o.SwiftestConfig >= 0 {
		tiles = append(tiles, [3]string{"Best mean latency", o.BestLatency.format("%.1f ms"), plain(r.Configs[o.SwiftestConfig].name("concurrency"))})
	}
	for _, f := range r.Found {
		rate := "none"
		if f.Passing > 0 {
			rate = fmt.Sprintf("%.2f requests/s", f.Passing)
		}
		tiles = append(tiles, [3]string{fmt.Sprintf("Highest rate, P%g ≤ %g ms", f.Percentile, f.LatencyMS), rate, fmt.Sprintf("of %d pairs", f.Batch)})
	}
	failed, answered := 0, 0
	for i := range r.Configs {
		answered += r.Configs[i].Answered
		for _, n := range r.Configs[i].Failed {
			failed += n
		}
	}
	return append(tiles, [3]string{"Requests answered", fmt.Sprint(answered), fmt.Sprintf("%d failed, %d configurations", failed, len(r.Configs))})
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
		if f[1] != "" && f[1] != notMeasured {
			facts = append(facts, f)
		}
	}
	return facts
}

// HTML lays the summary out, with the charts of every experiment inside.
func (s *Summary) HTML(charts map[string][]Chart) ([]byte, error) {
	type shown struct {
		Experiment
		Charts []template.HTML
	}
	view := struct {
		*Summary
		Meaningless bool
		Noise       template.HTML
		Findings    []template.HTML
		Facts       [][2]string
		Shown       []shown
	}{Summary: s, Noise: inline(s.Noise.words())}
	if r := s.first(); r != nil {
		view.Meaningless, view.Facts = r.Run.Model.Meaningless, r.facts()
	}
	for _, l := range s.Lessons {
		view.Findings = append(view.Findings, inline(l.Finding))
	}
	for _, e := range s.Experiments {
		one := shown{Experiment: e}
		if all := charts[e.Name]; len(all) > 0 {
			one.Charts = append(one.Charts, template.HTML(all[0].SVG()))
		}
		view.Shown = append(view.Shown, one)
	}
	return execute(summaryPage, view)
}

var (
	bold    = regexp.MustCompile(`\*\*([^*]+)\*\*`)
	escaped = regexp.MustCompile("\\\\([\\\\`*<|\\[])")
)

// inline makes HTML of the little Markdown that findings and notes are made of.
func inline(s string) template.HTML {
	s = template.HTMLEscapeString(escaped.ReplaceAllString(s, "$1"))
	return template.HTML(bold.ReplaceAllString(s, "<b>$1</b>"))
}

var functions = template.FuncMap{
	"f": func(format string, v Value) string { return v.format(format) },
	"p": func(format string, v Value, percentile float64, n int) string {
		if n > 0 && n < stats.Needed(percentile, 0) {
			return v.format(format) + mark
		}
		return v.format(format)
	},
	"name":  func(c Config) string { return plain(c.name("concurrency")) },
	"good":  func(r *Report, f results.SLOResult) string { return r.goodputs(f) },
	"speed": func(r *Report, q results.Quality) Value { return r.speedOf(&q) },
	"share": share,
	"v":     pointer,
	"rate": func(v float64) string {
		if v == 0 {
			return "none"
		}
		return fmt.Sprintf("%.2f", v)
	},
	"over": func(a, b Value) Value { return a / b },
	"sum": func(m map[string]int) (n int) {
		for _, v := range m {
			n += v
		}
		return n
	},
	"finding": func(all []template.HTML, i int) template.HTML { return all[i] },
}
