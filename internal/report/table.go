package report

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/crossrank/crossrank/internal/summary"
)

// Table writes the short form of a report for a terminal: one line a configuration, and why the
// results are partial.
func Table(w io.Writer, s *summary.Summary) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	columns := s.Columns()
	fmt.Fprint(t, "batch\tconc\tpairs\tseconds\tpairs/s\tavg ms\tp50 ms\tp95 ms\tp99 ms\tfailed\t")
	for _, column := range columns {
		fmt.Fprintf(t, "%s\t", strings.ToLower(column.Name))
	}
	fmt.Fprintln(t)
	for i := range s.Configurations {
		c := &s.Configurations[i]
		fmt.Fprintf(t, "%d\t%s\t%d\t%.2f", c.Batch, c.ConcurrencyText(), c.Pairs, c.Seconds)
		for _, v := range []summary.Value{c.PairsPerSecond, c.Latency.Average, c.Latency.P50, c.Latency.P95, c.Latency.P99} {
			fmt.Fprintf(t, "\t%s", v.Format("%.1f"))
		}
		fmt.Fprintf(t, "\t%d\t", c.FailedRequests())
		for _, column := range columns {
			fmt.Fprintf(t, "%s\t", column.Of(c))
		}
		fmt.Fprintln(t)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, why := range s.Partial {
		if _, err := fmt.Fprintf(w, "partial: %s\n", why); err != nil {
			return err
		}
	}
	return nil
}
