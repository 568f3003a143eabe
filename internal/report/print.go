package report

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/crossrank/crossrank/internal/stats"
)

// notMeasured stands for whatever is not known.
const notMeasured = "n/a"

// printer writes Markdown.
type printer struct{ bytes.Buffer }

// line writes one line.
func (p *printer) line(format string, args ...any) { fmt.Fprintf(p, format+"\n", args...) }

// para writes a line with an empty one behind it.
func (p *printer) para(format string, args ...any) { p.line(format+"\n", args...) }

// header writes the head of a table, its rule as wide as its names.
func (p *printer) header(names ...string) {
	p.row(names...)
	for _, n := range names {
		p.WriteString("|" + strings.Repeat("-", len(n)+2))
	}
	p.line("|")
}

func (p *printer) row(cells ...string) { p.line("| %s |", strings.Join(cells, " | ")) }

// format prints v, or that it was not measured.
func (v Value) format(format string) string {
	if !v.Measured() {
		return notMeasured
	}
	return fmt.Sprintf(format, float64(v))
}

// positive prints n, or nothing-known for 0.
func positive(n int, format string) string {
	if n <= 0 {
		return notMeasured
	}
	return fmt.Sprintf(format, n)
}

// mark stands behind a percentile of too few requests.
const mark = "†"

// marks remembers which percentiles of a table were marked.
type marks struct {
	percentiles []int
	counts      []int
}

// mark gives the cell of percentile p of n requests.
func (m *marks) mark(cell string, p, n int) string {
	if n == 0 || n >= stats.Needed(float64(p), 0) {
		return cell
	}
	if !slices.Contains(m.percentiles, p) {
		m.percentiles = append(m.percentiles, p)
	}
	if !slices.Contains(m.counts, n) {
		m.counts = append(m.counts, n)
	}
	return cell + mark
}

// note says what the marks of a table mean, if there are any.
func (m *marks) note(p *printer) {
	if len(m.percentiles) == 0 {
		return
	}
	slices.Sort(m.percentiles)
	slices.Sort(m.counts)
	var needs []string
	for _, q := range m.percentiles {
		needs = append(needs, fmt.Sprintf("P%d needs %d", q, stats.Needed(float64(q), 0)))
	}
	count := fmt.Sprint(m.counts[0])
	if most := m.counts[len(m.counts)-1]; most > m.counts[0] {
		count += fmt.Sprintf(" to %d", most)
	}
	p.para("%s of %s requests, too few to rely on: %s.", mark, count, strings.Join(needs, ", "))
}

// text makes a text from outside safe to stand in a line or in a table's cell.
func text(s string) string {
	var b strings.Builder
	for _, r := range oneLine(s) {
		if strings.ContainsRune("\\`*<|[", r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// code makes a text from outside a code span, safe in a table's cell too.
func code(s string) string {
	s = oneLine(s)
	if s == "" {
		return notMeasured
	}
	s = strings.ReplaceAll(s, "|", "\\|")
	if !strings.Contains(s, "`") {
		return "`" + s + "`"
	}
	fence := "``"
	for strings.Contains(s, fence) {
		fence += "`"
	}
	return fence + " " + s + " " + fence
}

func codeOrNothing(s string) string {
	if s == "" {
		return ""
	}
	return code(s)
}

// oneLine joins the lines of s, drops what cannot be printed and bounds its length.
func oneLine(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	s = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, s)
	if r := []rune(s); len(r) > 1000 {
		s = string(r[:1000]) + "…"
	}
	return s
}
