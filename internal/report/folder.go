package report

import (
	"fmt"
	"path"

	"github.com/crossrank/crossrank/internal/chart"
	"github.com/crossrank/crossrank/internal/results"
	"github.com/crossrank/crossrank/internal/summary"
)

// File is one that is to be written, by its path from the folder of the results, with slashes.
type File struct {
	Path string
	Data []byte
}

// Folder makes everything that is shown of a folder of results: for each a report in Markdown and
// in HTML, with its charts as SVG files, and the overview of all as README.md and index.html.
// Results are in the order of their experiments' names.
func Folder(all []*results.Results) ([]File, error) {
	var files []File
	var summaries []*summary.Summary
	charts := map[string][]chart.Chart{}
	for _, res := range all {
		if _, twice := charts[res.Run.Name]; twice {
			return nil, fmt.Errorf("two results files are of the experiment %q; keep one", res.Run.Name)
		}
		s := summary.Of(res)
		summaries = append(summaries, s)
		charts[res.Run.Name] = Charts(s, res)
	}
	o := OverviewOf(summaries)
	for i, s := range summaries {
		e := &o.Experiments[i]
		made, err := experimentFiles(s, charts[s.Run.Name], e)
		if err != nil {
			return nil, err
		}
		files = append(files, made...)
	}
	page, err := o.HTML(charts)
	if err != nil {
		return nil, err
	}
	return append(files, File{"README.md", o.Markdown()}, File{"index.html", page}), nil
}

// experimentFiles makes the files of one experiment, and links them from its row of the overview.
func experimentFiles(s *summary.Summary, charts []chart.Chart, e *Experiment) ([]File, error) {
	var files []File
	stem := s.Run.Name + "_results"
	e.Links = []Link{{"report", stem + ".md"}, {"page", stem + ".html"}}
	for _, c := range charts {
		file := path.Join("charts", s.Run.Name, c.File+".svg")
		e.Charts = append(e.Charts, Link{c.Title, file})
		files = append(files, File{file, []byte(c.SVG() + "\n")})
	}
	page, err := HTML(s, charts)
	if err != nil {
		return nil, err
	}
	return append(files, File{stem + ".md", Markdown(s, e.Charts...)}, File{stem + ".html", page}), nil
}
