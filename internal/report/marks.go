package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/crossrank/crossrank/internal/stats"
	"github.com/crossrank/crossrank/internal/summary"
)

// mark stands behind a percentile of too few requests.
const mark = "†"

// marks collects which percentiles of a table were marked.
type marks struct {
	percentiles []int
	counts      []int
}

// cell is percentile p of n requests, marked where they are too few.
func (m *marks) cell(v summary.Value, format string, p, n int) string {
	cell := v.Format(format)
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
func (m *marks) note(d *document) {
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
	d.Para("%s of %s requests, too few to rely on: %s.", mark, count, strings.Join(needs, ", "))
}
