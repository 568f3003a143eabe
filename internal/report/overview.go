package report

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Summary is what the experiments of a folder come to: what they teach, and the winner of each. Every number and every
// sentence comes from their reports.
type Summary struct {
	Experiments []Experiment `json:"experiments"`
	Lessons     []Lesson     `json:"lessons"`
	Noise       noise        `json:"noise"`
	Differ      []string     `json:"differ,omitempty"` // what was not the same for all experiments

	reports []*Report
}

// Experiment is one of the experiments that are summed up.
type Experiment struct {
	Name        string `json:"name"`
	Description string `json:"description"`
	Configs     int    `json:"configs"`
	Complete    bool   `json:"complete"`
	Best        Value  `json:"best_pairs_per_s"`
	BestWith    string `json:"best_with"`
	Swiftest    Value  `json:"best_latency_ms"`
	SwiftWith   string `json:"best_latency_with"`
	Worst       Value  `json:"worst_pairs_per_s"`

	Links  []Link // to its reports, where they lie beside the summary
	Charts []Link // to pictures, the most telling first
}

// Link is a file by its path from the summary.
type Link struct{ Title, Path string }

// Sum sums up reports, which are in the order of their names.
func Sum(reports []*Report) *Summary {
	s := &Summary{Noise: noiseOf(reports), Differ: differences(reports), reports: reports}
	for _, r := range reports {
		e := Experiment{Name: r.Run.Name, Description: r.Run.Description, Configs: len(r.Configs), Complete: len(r.Partial) == 0,
			Best: unmeasured, Swiftest: unmeasured, Worst: unmeasured}
		if best := r.winner(func(a, b *Config) bool { return a.PairsPerSecond > b.PairsPerSecond }); best != nil {
			swift := r.winner(func(a, b *Config) bool { return a.Latency.Average < b.Latency.Average })
			worst := r.winner(func(a, b *Config) bool { return a.PairsPerSecond < b.PairsPerSecond })
			e.Best, e.BestWith, e.Swiftest, e.SwiftWith, e.Worst = best.PairsPerSecond, best.name("conc"), swift.Latency.Average, swift.name("conc"), worst.PairsPerSecond
		}
		s.Experiments = append(s.Experiments, e)
		s.Lessons = append(s.Lessons, r.lessons(s.Noise)...)
	}
	order := map[string]int{}
	for i, t := range topics {
		order[t.name] = i
	}
	slices.SortStableFunc(s.Lessons, func(a, b Lesson) int { return cmp.Compare(order[a.Topic], order[b.Topic]) })
	return s
}

// winner is the best configuration that was measured, probes of searches left out; nil if there is none.
func (r *Report) winner(better func(a, b *Config) bool) *Config {
	var best *Config
	for i := range r.Configs {
		c := &r.Configs[i]
		if c.Search == "" && c.PairsPerSecond.Measured() && c.Latency.Average.Measured() && (best == nil || better(c, best)) {
			best = c
		}
	}
	return best
}

// differences lists what makes experiments hard to compare.
func differences(reports []*Report) []string {
	var all []string
	for _, what := range []struct {
		name string
		of   func(*Report) string
	}{
		{"weights", func(r *Report) string { return r.Run.Model.Weights }},
		{"data", func(r *Report) string { return r.Run.Data.Name + " " + r.Run.Data.Hash }},
		{"machine", func(r *Report) string {
			return fmt.Sprintf("%s, %d cores", r.Run.Machine.CPU, r.Run.Machine.Cores)
		}},
		{"instruction tier", func(r *Report) string { return r.Run.Model.Tier }},
		{"version of crossrank", func(r *Report) string { return r.Run.Version }},
	} {
		var values []string
		for _, r := range reports {
			if v := what.of(r); !slices.Contains(values, v) {
				values = append(values, v)
			}
		}
		if len(values) > 1 {
			all = append(all, what.name)
		}
	}
	return all
}

// Markdown lays the summary out.
func (s *Summary) Markdown() []byte {
	p := &printer{}
	p.para("# What the experiments teach")
	p.para("Made of the results files of this folder alone, by `crossrank report --all`: every figure and every sentence follows from them.")
	if r := s.first(); r != nil && r.Run.Model.Meaningless {
		p.para("> **The scores mean nothing:** the model's weights are random. The speed is that of a real model of this shape.")
	}
	p.para("## What was learnt")
	p.header("Question", "What the results say", "From")
	for _, l := range s.Lessons {
		p.row(text(l.Topic), l.Finding, s.link(l.Experiment))
	}
	p.line("")
	p.para("%s", s.Noise.words())
	p.para("× is a ratio of throughputs, the geometric mean over configurations that are the same besides. In a closed loop the mean latency is " +
		"the number of requests at once over their throughput, so it need not be told apart.")
	s.winners(p)
	s.conditions(p)
	s.pictures(p)
	return append(bytes.TrimRight(p.Bytes(), "\n"), '\n')
}

func (s *Summary) first() *Report {
	if len(s.reports) == 0 {
		return nil
	}
	return s.reports[0]
}

// link names an experiment, and leads to its report if there is one.
func (s *Summary) link(name string) string {
	for _, e := range s.Experiments {
		if e.Name == name && len(e.Links) > 0 {
			return fmt.Sprintf("[%s](%s)", text(name), e.Links[0].Path)
		}
	}
	return text(name)
}

func (s *Summary) winners(p *printer) {
	p.para("## Winners")
	p.header("Experiment", "Configs", "Best throughput", "With", "Best latency", "With", "Worst throughput", "Best over worst", "Complete")
	for _, e := range s.Experiments {
		p.row(s.link(e.Name), fmt.Sprint(e.Configs), e.Best.format("%.1f pairs/s"), cmp.Or(e.BestWith, notMeasured),
			e.Swiftest.format("%.1f ms"), cmp.Or(e.SwiftWith, notMeasured), e.Worst.format("%.1f pairs/s"), (e.Best / e.Worst).format("%.2f×"),
			either(e.Complete, "yes", "**no**"))
	}
	p.line("")
	p.para("The best of many configurations is partly luck. Where an experiment repeats, the best of its repeats stands here; `crossrank compare` tests differences.")
}

// conditions say how all of it was measured.
func (s *Summary) conditions(p *printer) {
	r := s.first()
	if r == nil {
		return
	}
	p.para("## How it was measured")
	p.header("What", "Value")
	for _, f := range r.facts() {
		switch f[0] {
		case "Model", "Weights", "Data", "Data hash", "CPU", "Cores", "Caches", "Instruction tier", "System", "crossrank", "Go":
			p.row(f[0], text(f[1]))
		}
	}
	p.line("")
	if len(s.Differ) > 0 {
		p.para("**Not the same for all experiments:** %s. The table is of %s; each report has its own.", strings.Join(s.Differ, ", "), text(r.Run.Name))
	}
}

// pictures shows the most telling chart of every experiment, and leads to its files.
func (s *Summary) pictures(p *printer) {
	any := slices.ContainsFunc(s.Experiments, func(e Experiment) bool { return len(e.Links) > 0 })
	if !any {
		return
	}
	p.para("## One by one")
	for _, e := range s.Experiments {
		p.para("### %s", text(e.Name))
		line := text(e.Description)
		for i, l := range e.Links {
			line += either(i == 0, ": ", ", ") + fmt.Sprintf("[%s](%s)", l.Title, l.Path)
		}
		p.para("%s.", line)
		if len(e.Charts) > 0 {
			p.para("![%s](%s)", text(e.Charts[0].Title), e.Charts[0].Path)
		}
	}
}
