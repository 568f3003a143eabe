package main

import (
	"embed"
	"errors"
	"fmt"
	"slices"
	"strings"
	"text/template"

	"github.com/crossrank/crossrank/internal/stats"
	"github.com/crossrank/crossrank/internal/tools/docgen"
)

// part is what this command makes in docs/performance.md and in README.md.
const part = docgen.Part("make peers")

// unmeasured is in either page while there are no results.
const unmeasured = "Not measured yet; `make peers` does it.\n"

//go:embed templates
var templates embed.FS

var pages = template.Must(template.New("").Funcs(template.FuncMap{
	"precisions": func() []string { return precisions },
	"threads":    threadsOf,
	"na": func(s string) string {
		if s == "" {
			return "n/a"
		}
		return s
	},
}).ParseFS(templates, "templates/*.md"))

// facts are what the templates put into the pages.
type facts struct {
	*setup
	Comparisons []*comparison
	Quality     *agreement // nil if it was not compared
}

func factsOf(records []record) facts {
	f := facts{setup: records[0].Setup, Comparisons: gather(records)}
	for _, r := range records {
		if r.Quality != nil {
			f.Quality = r.Quality
		}
	}
	return f
}

// render fills in a template.
func render(name string, records []record) (string, error) {
	var b strings.Builder
	err := pages.ExecuteTemplate(&b, name, factsOf(records))
	return b.String(), err
}

// writeDocs puts the table and the headline between their markers.
func writeDocs(records []record, performance, readme string) error {
	table, err1 := render("performance.md", records)
	headline, err2 := render("readme.md", records)
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	return errors.Join(part.Update(performance, table), part.Update(readme, headline))
}

// MostThreads is how many the largest measurements had.
func (f facts) MostThreads() (threads int) {
	for _, c := range f.Comparisons {
		threads = max(threads, c.Threads)
	}
	return threads
}

// find gives the comparison of a job, or nil.
func (f facts) find(j job) *comparison {
	if i := slices.IndexFunc(f.Comparisons, func(c *comparison) bool { return c.job == j }); i >= 0 {
		return f.Comparisons[i]
	}
	return nil
}

// Comparison is that of a job with the most threads.
func (f facts) Comparison(precision string, batch int, order string) (*comparison, error) {
	j := job{precision, f.MostThreads(), batch, order}
	if c := f.find(j); c != nil {
		return c, nil
	}
	return nil, fmt.Errorf("the results lack the measurement of %s in %s; measure again without leaving it out", j.Name(), precision)
}

// speedup is how much faster our int8 is than our fp32.
type speedup struct {
	Threads int
	Ratio   float64
}

func (f facts) Speedups() []speedup {
	var all []speedup
	for _, threads := range []int{1, 2} {
		fp32, int8 := f.find(job{"fp32", threads, 32, "as-is"}), f.find(job{"int8", threads, 32, "as-is"})
		if fp32 != nil && int8 != nil {
			all = append(all, speedup{threads, stats.Median(ratios(int8.values(int8.ours), fp32.values(fp32.ours)))})
		}
	}
	return all
}

// startAndMemory is crossrank's median time to the first score in ms with the most threads, and the
// most resident memory at the end of any run, as a part of the weights' size.
type startAndMemory struct {
	Precision            string
	FirstScore, Resident float64
}

func (f facts) Footings() []startAndMemory {
	var all []startAndMemory
	for _, precision := range precisions {
		var times []float64
		s := startAndMemory{Precision: precision}
		for _, c := range f.Comparisons {
			for _, m := range c.ours {
				if c.Precision != precision || c.Order != "as-is" || m.Weights == 0 {
					continue // to sort pairs, bench itself holds a second vocabulary
				}
				s.Resident = max(s.Resident, float64(m.ResidentEnd)/float64(m.Weights))
				if c.Threads == f.MostThreads() {
					times = append(times, m.FirstScore)
				}
			}
		}
		if s.FirstScore = stats.Median(times); s.FirstScore > 0 && s.Resident > 0 {
			all = append(all, s)
		}
	}
	return all
}

func threadsOf(n int) string {
	if n == 1 {
		return "one thread"
	}
	return fmt.Sprintf("%d threads", n)
}
