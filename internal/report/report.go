// Package report makes the pages that people read: a report of one measurement, and an overview of
// a folder of them.
//
// [Markdown] and [HTML] lay out the figures of a [summary.Summary]; [Charts] draws them. The first
// sections of a report have the order, the tables and the units of the reports of the Python
// project that this one follows, so that the two can be laid side by side. What follows them says
// how the measurement was made and what it is worth. [OverviewOf] puts what a folder of experiments
// found on one page, and [Folder] makes all files of such a folder. [Table] is the short form for a
// terminal.
//
// Pages are made from results alone, and the same results make the same bytes. What was not
// measured is "n/a", never 0. A percentile of too few requests has a mark, and a note at the table
// says how many it would need.
package report

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/crossrank/crossrank/internal/markdown"
	"github.com/crossrank/crossrank/internal/summary"
)

// Link is a file by its path from the page.
type Link struct{ Title, Path string }

// document is a report that is being laid out as Markdown.
type document struct {
	markdown.Page
	*summary.Summary
	names []string // of the configurations, each another
}

// Markdown lays a measurement out, with pictures of its charts at the end.
func Markdown(s *summary.Summary, charts ...Link) []byte {
	d := &document{Summary: s, names: s.Names((*summary.Configuration).ShortName)}
	d.title()
	d.summary()
	d.details()
	d.overall()
	d.usage()
	d.prefixes()
	d.series()
	d.settings()
	d.qualities()
	d.ranking()
	d.openLoop()
	d.overTime()
	d.objectives()
	d.saturation()
	d.load()
	d.provenance()
	d.validity()
	d.pictures(charts)
	return d.Bytes()
}

func (d *document) title() {
	d.Para("# %s", markdown.Text(cmp.Or(d.Run.Name, "Results")))
	if len(d.Partial) > 0 {
		d.Para("> **Partial results:** %s. What follows is what was measured until then.", markdown.Text(d.Partial[len(d.Partial)-1]))
	}
	if d.Run.Model.Meaningless {
		d.Para("> %s", meaningless)
	}
	if text := markdown.Text(d.Run.Description); text != "" {
		d.Para("_%s_", text)
	}
	started := summary.NotMeasured
	if !d.Run.Started.IsZero() {
		started = d.Run.Started.Format("2006-01-02 15:04:05")
	}
	d.Para("**Timestamp:** %s", started)
	d.Para("**Model:** %s", code(d.Run.Model.Pinned()))
	d.Para("**Backend:** %s | **Device:** %s", code(d.Run.Model.Backend), code(d.Run.Model.Device))
	if b := d.Batching; b != nil && b.Enabled {
		d.Para("**Dynamic Batching:** %s", batchingWords(b))
	}
	d.Para("**Loop:** %s", loopWords(d.Run.Loop))
}

// meaningless warns of a model with random weights.
const meaningless = "**The scores mean nothing:** the model's weights are random. The speed is that of a real model of this shape."

// code makes a text from outside a code span.
func code(s string) string { return cmp.Or(markdown.Code(s), summary.NotMeasured) }

// loopWords says what a load's loop is.
func loopWords(loop string) string {
	switch loop {
	case "closed":
		return "closed: each of the workers (column Conc) sends its next request when its last one is answered"
	case "open":
		return "open: requests are sent on a precomputed schedule, and latency counts from the intended send time"
	}
	return cmp.Or(markdown.Text(loop), summary.NotMeasured)
}

// batchingWords says what joins requests, for the title.
func batchingWords(b *summary.Batching) string {
	var bounds []string
	if b.MaxPairs > 0 {
		bounds = append(bounds, fmt.Sprintf("at most %d pairs a batch", b.MaxPairs))
	}
	if b.MaxTokens > 0 {
		bounds = append(bounds, fmt.Sprintf("at most %d tokens a batch", b.MaxTokens))
	}
	if len(bounds) == 0 {
		bounds = append(bounds, "batches of the default size")
	}
	if b.TimeoutMS > 0 {
		bounds = append(bounds, fmt.Sprintf("timeout %gms", b.TimeoutMS))
	} else {
		bounds = append(bounds, "no timeout: whatever waits when the engine becomes free is a batch")
	}
	return strings.Join(bounds, ", ")
}

// pictures shows charts that are separate files.
func (d *document) pictures(charts []Link) {
	if len(charts) > 0 {
		d.Line("\n## Charts")
	}
	for _, c := range charts {
		d.Line("\n%s", markdown.Image(c.Title, c.Path))
	}
}

// configuration names one by its index, for a cell of a table.
func (d *document) configuration(i int) string {
	if i < 0 {
		return summary.NotMeasured
	}
	return markdown.Text(d.names[i])
}

// positive prints n, or that it is not known for 0.
func positive(n int, format string) string {
	if n <= 0 {
		return summary.NotMeasured
	}
	return fmt.Sprintf(format, n)
}

// yesOrNo is a verdict, in bold where it is against the measurement.
func yesOrNo(yes bool) string {
	if yes {
		return "yes"
	}
	return "**no**"
}
