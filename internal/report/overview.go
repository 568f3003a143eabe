package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/crossrank/crossrank/internal/compare"
	"github.com/crossrank/crossrank/internal/markdown"
	"github.com/crossrank/crossrank/internal/results"
	"github.com/crossrank/crossrank/internal/summary"
)

// Overview is what the experiments of a folder found, and the winner of each. Every number and
// every sentence comes from their results.
type Overview struct {
	Experiments []Experiment      `json:"experiments"`
	Findings    []compare.Finding `json:"lessons"`
	Noise       compare.Noise     `json:"noise"`
	Differ      []string          `json:"differ,omitempty"` // conditions that were not the same for all experiments

	all []*summary.Summary
}

// Experiment is a row of the overview.
type Experiment struct {
	Name           string        `json:"name"`
	Description    string        `json:"description"`
	Configurations int           `json:"configs"`
	Complete       bool          `json:"complete"`
	Best           summary.Value `json:"best_pairs_per_s"`
	BestWith       string        `json:"best_with"`
	Fastest        summary.Value `json:"best_latency_ms"`
	FastestWith    string        `json:"best_latency_with"`
	Worst          summary.Value `json:"worst_pairs_per_s"`

	Links  []Link // to its reports, where they lie beside the overview
	Charts []Link // to pictures, the most important first
}

// BestOverWorst is the ratio of the throughputs.
func (e *Experiment) BestOverWorst() summary.Value { return e.Best / e.Worst }

// OverviewOf sums up experiments, which are in the order of their names.
func OverviewOf(all []*summary.Summary) *Overview {
	o := &Overview{Noise: compare.NoiseOf(all), all: all}
	o.Findings = compare.Findings(all, o.Noise)
	var runs []*results.Run
	for _, s := range all {
		runs = append(runs, &s.Run)
		o.Experiments = append(o.Experiments, experimentOf(s))
	}
	o.Differ = compare.Differing(runs, "quantization") // which is what some experiments vary
	return o
}

func experimentOf(s *summary.Summary) Experiment {
	e := Experiment{
		Name: s.Run.Name, Description: s.Run.Description, Configurations: len(s.Configurations), Complete: len(s.Partial) == 0,
		Best: summary.Unmeasured, Fastest: summary.Unmeasured, Worst: summary.Unmeasured,
	}
	if best := s.Best(func(a, b *summary.Configuration) bool { return a.PairsPerSecond > b.PairsPerSecond }); best != nil {
		e.Best, e.BestWith = best.PairsPerSecond, best.ShortName()
		fastest := s.Best(func(a, b *summary.Configuration) bool { return a.Latency.Average < b.Latency.Average })
		e.Fastest, e.FastestWith = fastest.Latency.Average, fastest.ShortName()
		e.Worst = s.Best(func(a, b *summary.Configuration) bool { return a.PairsPerSecond < b.PairsPerSecond }).PairsPerSecond
	}
	return e
}

// Markdown lays the overview out.
func (o *Overview) Markdown() []byte {
	var p markdown.Page
	p.Para("# What the experiments show")
	p.Para("Made of the results files of this folder alone, by `crossrank report --all`: every figure and every sentence follows from them.")
	if s := o.first(); s != nil && s.Run.Model.Meaningless {
		p.Para("> %s", meaningless)
	}
	p.Para("## Findings")
	p.Header("Question", "What the results say", "From")
	for _, f := range o.Findings {
		p.Row(markdown.Text(f.Topic), f.Text, o.link(f.Experiment))
	}
	p.Line("")
	p.Para("%s", o.Noise.Words())
	p.Para("× is a ratio of throughputs, the geometric mean over configurations that are otherwise the same. In a closed loop the mean latency " +
		"is the concurrency over the throughput in requests, so it is not listed apart.")
	o.winners(&p)
	o.conditions(&p)
	o.pictures(&p)
	return p.Bytes()
}

func (o *Overview) first() *summary.Summary {
	if len(o.all) == 0 {
		return nil
	}
	return o.all[0]
}

// link names an experiment, and leads to its report if there is one.
func (o *Overview) link(name string) string {
	for _, e := range o.Experiments {
		if e.Name == name && len(e.Links) > 0 {
			return markdown.Link(name, e.Links[0].Path)
		}
	}
	return markdown.Text(name)
}

func (o *Overview) winners(p *markdown.Page) {
	p.Para("## Winners")
	p.Header("Experiment", "Configs", "Best throughput", "With", "Best latency", "With", "Worst throughput", "Best over worst", "Complete")
	with := func(name string) string { return markdown.Text(cmp.Or(name, summary.NotMeasured)) }
	for i := range o.Experiments {
		e := &o.Experiments[i]
		p.Row(o.link(e.Name), fmt.Sprint(e.Configurations), e.Best.Format("%.1f pairs/s"), with(e.BestWith),
			e.Fastest.Format("%.1f ms"), with(e.FastestWith), e.Worst.Format("%.1f pairs/s"), e.BestOverWorst().Format("%.2f×"),
			yesOrNo(e.Complete))
	}
	p.Line("")
	p.Para("The best of many configurations is partly luck. Where an experiment has repeats, the table shows the best one; `crossrank compare` tests differences.")
}

// conditions says how all of it was measured.
func (o *Overview) conditions(p *markdown.Page) {
	s := o.first()
	if s == nil {
		return
	}
	p.Para("## How it was measured")
	p.Header("What", "Value")
	for _, f := range facts(s) {
		switch f[0] {
		case "Model", "Weights", "Data", "Data hash", "CPU", "Cores", "Caches", "Instruction tier", "System", "crossrank", "Go":
			p.Row(f[0], markdown.Text(f[1]))
		}
	}
	p.Line("")
	if len(o.Differ) > 0 {
		p.Para("**Not the same for all experiments:** %s. The table is of %s; each report has its own.", strings.Join(o.Differ, ", "), markdown.Text(s.Run.Name))
	}
}

// pictures shows the most important chart of every experiment, and leads to its files.
func (o *Overview) pictures(p *markdown.Page) {
	if !slices.ContainsFunc(o.Experiments, func(e Experiment) bool { return len(e.Links) > 0 }) {
		return
	}
	p.Para("## One by one")
	for _, e := range o.Experiments {
		p.Para("### %s", markdown.Text(e.Name))
		var links []string
		for _, l := range e.Links {
			links = append(links, markdown.Link(l.Title, l.Path))
		}
		p.Para("%s: %s.", markdown.Text(e.Description), strings.Join(links, ", "))
		if len(e.Charts) > 0 {
			p.Para("%s", markdown.Image(e.Charts[0].Title, e.Charts[0].Path))
		}
	}
}
