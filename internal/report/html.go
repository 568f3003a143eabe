package report

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"regexp"
	"strings"

	"github.com/crossrank/crossrank/internal/chart"
	"github.com/crossrank/crossrank/internal/compare"
	"github.com/crossrank/crossrank/internal/markdown"
	"github.com/crossrank/crossrank/internal/summary"
)

// html/template escapes what is put into the templates, each text for its place.
//
//go:embed templates
var templates embed.FS

var (
	reportPage   = page("report.html")
	overviewPage = page("overview.html")
)

func page(name string) *template.Template {
	t := template.New(name).Funcs(template.FuncMap{
		"list":     func(names ...string) []string { return names },
		"goodputs": goodputs,
		"rate":     rate,
		"percentile": func(format string, v summary.Value, p, n int) string {
			return new(marks).cell(v, format, p, n)
		},
	})
	return template.Must(t.ParseFS(templates, "templates/style.css", "templates/head.html", "templates/"+name))
}

// HTML lays a measurement out as one page that asks for nothing else: its pictures and its style
// are inside. It is right in light and in dark, and on a phone.
func HTML(s *summary.Summary, charts []chart.Chart) ([]byte, error) {
	view := struct {
		*summary.Summary
		Names        []string // of the configurations, each another
		Faulty       string
		Tiles        []tile
		Charts       []template.HTML
		QualityNames []string
		QualityRows  [][]string
		QualityNotes []template.HTML
		Facts        [][2]string
	}{
		Summary: s, Names: s.Names((*summary.Configuration).Name), Faulty: faulty(s), Tiles: tiles(s), QualityNames: qualityNames, QualityRows: qualityRows(s), Facts: facts(s),
	}
	for i := range charts {
		view.Charts = append(view.Charts, svg(&charts[i]))
	}
	for _, note := range qualityNotes(s) {
		view.QualityNotes = append(view.QualityNotes, inline(note))
	}
	return execute(reportPage, view)
}

// svg is a chart for inside a page. Its texts are escaped by the chart.
func svg(c *chart.Chart) template.HTML { return template.HTML(c.SVG()) }

func execute(t *template.Template, view any) ([]byte, error) {
	var b bytes.Buffer
	if err := t.Execute(&b, view); err != nil {
		return nil, fmt.Errorf("laying out the page: %w", err)
	}
	return b.Bytes(), nil
}

// faulty says how many configurations are not valid, and why the first is not; it is empty if all
// are.
func faulty(s *summary.Summary) string {
	n, first := 0, ""
	for i := range s.Configurations {
		if c := &s.Configurations[i]; c.Invalid != "" {
			if n++; n == 1 {
				first = c.Name() + ": " + c.Invalid
			}
		}
	}
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("Not valid: %d of %d configurations, the first, %s", n, len(s.Configurations), first)
}

// tile is a figure that people look for first.
type tile struct{ Name, Value, Note string }

func tiles(s *summary.Summary) []tile {
	var all []tile
	o := s.Overall
	if i := o.HighestThroughput; i >= 0 {
		all = append(all, tile{"Best throughput", o.BestThroughput.Format("%.1f pairs/s"), s.Configurations[i].Name()})
	}
	if i := o.LowestLatency; i >= 0 {
		all = append(all, tile{"Best mean latency", o.BestLatency.Format("%.1f ms"), s.Configurations[i].Name()})
	}
	for _, f := range s.SLO {
		highest := "none"
		if f.Passing > 0 {
			highest = fmt.Sprintf("%.2f requests/s", f.Passing)
		}
		all = append(all, tile{fmt.Sprintf("Highest rate, P%g ≤ %g ms", f.Percentile, f.LatencyMS), highest, fmt.Sprintf("of %d pairs", f.Batch)})
	}
	failed, answered := 0, 0
	for i := range s.Configurations {
		answered += s.Configurations[i].Answered
		failed += s.Configurations[i].FailedRequests()
	}
	return append(all, tile{"Requests answered", fmt.Sprint(answered), fmt.Sprintf("%d failed, %d configurations", failed, len(s.Configurations))})
}

// facts say how the measurement was made. What is not known is left out.
func facts(s *summary.Summary) [][2]string {
	run, m := s.Run, s.Run.Model
	var known [][2]string
	disturbed := ""
	if n := summary.Disturbed(s); n > 0 {
		disturbed = fmt.Sprintf("notable in %d of %d configurations", n, len(s.Configurations))
	}
	for _, f := range [][2]string{
		{"Model", m.Pinned()}, {"Weights", m.Weights}, {"Backend", strings.Trim(m.Backend+", "+m.Device, ", ")}, {"Quantization", m.Quantization},
		{"Data", run.Data.Name}, {"Data hash", run.Data.Hash}, {"CPU", run.Machine.CPU}, {"Cores", positive(run.Machine.Cores, "%d")},
		{"Caches", run.Machine.Caches}, {"CPU time stolen or throttled", disturbed}, {"Instruction tier", m.Tier}, {"System", strings.Trim(run.Machine.OS+", "+run.Machine.Arch, ", ")},
		{"crossrank", run.Version}, {"Go", run.Machine.Go}, {"Loop model", loopWords(run.Loop)},
		{"Command line", commandLine(run.CommandLine)}, {"Target", run.Target},
	} {
		if f[1] != "" && f[1] != summary.NotMeasured {
			known = append(known, f)
		}
	}
	return known
}

// answer is a finding for inside a page.
type answer struct {
	compare.Finding
	HTML template.HTML
}

// shown is an experiment with its most important chart.
type shown struct {
	Experiment
	Chart template.HTML
}

// HTML lays the overview out, with a chart of every experiment inside.
func (o *Overview) HTML(charts map[string][]chart.Chart) ([]byte, error) {
	view := struct {
		*Overview
		Meaningless bool
		NoiseWords  template.HTML
		Answers     []answer
		Facts       [][2]string
		Shown       []shown
	}{Overview: o, NoiseWords: inline(o.Noise.Words())}
	if s := o.first(); s != nil {
		view.Meaningless, view.Facts = s.Run.Model.Meaningless, facts(s)
	}
	for _, f := range o.Findings {
		view.Answers = append(view.Answers, answer{f, inline(f.Text)})
	}
	for _, e := range o.Experiments {
		one := shown{Experiment: e}
		if all := charts[e.Name]; len(all) > 0 {
			one.Chart = svg(&all[0])
		}
		view.Shown = append(view.Shown, one)
	}
	return execute(overviewPage, view)
}

var bold = regexp.MustCompile(`\*\*([^*]+)\*\*`)

// inline makes HTML of the little Markdown that findings and notes are made of: bold text, and
// escapes.
func inline(s string) template.HTML {
	s = template.HTMLEscapeString(markdown.Plain(s))
	return template.HTML(bold.ReplaceAllString(s, "<b>$1</b>"))
}
