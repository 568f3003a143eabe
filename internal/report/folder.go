package report

import (
	"fmt"
	"path"
	"strings"

	"github.com/crossrank/crossrank/internal/results"
)

// File is one that is to be written, by its path from the folder of the results, with slashes.
type File struct {
	Path string
	Data []byte
}

// Folder makes all that is shown of a folder of results: for each a report in Markdown and in HTML, with its charts as SVG files, and
// the summary of all as README.md and index.html. Results are in the order of their experiments' names. The same results make the
// same files, to the byte.
func Folder(all []*results.Results) ([]File, error) {
	var files []File
	var reports []*Report
	charts := map[string][]Chart{}
	for _, res := range all {
		r := Summarize(res)
		if _, twice := charts[r.Run.Name]; twice {
			return nil, fmt.Errorf("two results files are of the experiment %q", r.Run.Name)
		}
		reports = append(reports, r)
		charts[r.Run.Name] = Charts(res)
	}
	s := Sum(reports)
	for i, r := range reports {
		stem := r.Run.Name + "_results"
		e := &s.Experiments[i]
		e.Links = []Link{{"report", stem + ".md"}, {"page", stem + ".html"}}
		for _, c := range charts[r.Run.Name] {
			file := path.Join(ChartsFolder(r.Run.Name), c.File+".svg")
			e.Charts = append(e.Charts, Link{c.Title, file})
			files = append(files, File{file, []byte(c.SVG() + "\n")})
		}
		page, err := r.HTML(charts[r.Run.Name])
		if err != nil {
			return nil, err
		}
		files = append(files, File{stem + ".md", r.WithCharts(e.Charts)}, File{stem + ".html", page})
	}
	page, err := s.HTML(charts)
	if err != nil {
		return nil, err
	}
	return append(files, File{"README.md", s.Markdown()}, File{"index.html", page}), nil
}

// ChartsFolder is where [Folder] has the charts of an experiment.
func ChartsFolder(experiment string) string { return path.Join("charts", experiment) }

// WithCharts is the report in Markdown with pictures behind it.
func (r *Report) WithCharts(charts []Link) []byte {
	page := r.Markdown()
	if len(charts) == 0 {
		return page
	}
	page = append(page, "\n## Charts\n"...)
	for _, c := range charts {
		page = fmt.Appendf(page, "\n![%s](%s)\n", text(c.Title), strings.ReplaceAll(c.Path, " ", "%20"))
	}
	return page
}
