package report

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/crossrank/crossrank/internal/summary"
)

// Table writes the short form of a report for a terminal: one line a configuration, and why the results are partial.
func Table(w io.Writer, s *summary.Summary) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "batch\tconc\tpairs\tseconds\tpairs/s\tavg ms\tp50 ms\tp95 ms\tp99 ms\tfailed\t")
	for i := range s.Configurations {
		c := &s.Configurations[i]
		fmt.Fprintf(t, "%d\t%d\t%d\t%.2f", c.Batch, c.Concurrency, c.Pairs, c.Seconds)
		for _, v := range []summary.Value{c.PairsPerSecond, c.Latency.Average, c.Latency.P50, c.Latency.P95, c.Latency.P99} {
			fmt.Fprintf(t, "\t%s", v.Format("%.1f"))
		}
		fmt.Fprintf(t, "\t%d\t\n", c.FailedRequests())
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
