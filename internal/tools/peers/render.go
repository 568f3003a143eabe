package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/crossrank/crossrank/internal/outfile"
	"github.com/crossrank/crossrank/internal/stats"
)

// comparison is a job's measurements of both engines, by round.
type comparison struct {
	job
	ours, peers []measurement
}

func (j job) name() string {
	switch {
	case j.Batch == 1:
		return "one pair"
	case j.Order == "sorted":
		return fmt.Sprintf("%d pairs, sorted by length", j.Batch)
	}
	return fmt.Sprintf("%d pairs, as they come", j.Batch)
}

// gather puts the measurements of each job together, in the order in which they first appear.
func gather(records []record) []*comparison {
	var list []*comparison
	byJob := map[job]*comparison{}
	for _, r := range records {
		m := r.Measurement
		if m == nil {
			continue
		}
		c := byJob[m.job]
		if c == nil {
			c = &comparison{job: m.job}
			byJob[m.job], list = c, append(list, c)
		}
		if m.Engine == us {
			c.ours = append(c.ours, *m)
		} else {
			c.peers = append(c.peers, *m)
		}
	}
	return list
}

// values are a single pair's P50 latencies or else the throughputs.
func (c *comparison) values(of []measurement) []float64 {
	var out []float64
	for _, m := range of {
		v := m.PairsPerSecond
		if c.Batch == 1 {
			v = m.P50
		}
		out = append(out, v)
	}
	return out
}

func median(xs []float64) float64 { return stats.Sort(xs).Percentile(50) }

// ratios is ours over the peer's in each round.
func ratios(ours, peers []float64) []float64 {
	out := make([]float64, min(len(ours), len(peers)))
	for i := range out {
		out[i] = ours[i] / peers[i]
	}
	return out
}

func (c *comparison) ratios() []float64 { return ratios(c.values(c.ours), c.values(c.peers)) }

// find gives the comparison of a job, or nil.
func find(list []*comparison, j job) *comparison {
	for _, c := range list {
		if c.job == j {
			return c
		}
	}
	return nil
}

// table is what stands in docs/performance.md.
func table(records []record) string {
	s, list := records[0].Setup, gather(records)
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("Measured %s on %d cores of %s (%s; %s), instruction tier %s.", s.Began.Format("2006-01-02 15:04 UTC"), s.Machine.Cores,
		orNA(s.Machine.CPU), orNA(s.Machine.Caches), s.Machine.OS, s.Tier)
	line("crossrank %s (%s) and %s (node %s); weights %s; pairs %s (%s).", s.Crossrank, s.Machine.Go, s.Peer, s.Node, s.Weights, s.Data, s.DataHash)
	line("Rounds: %d, the engines in turn, each measurement in a new process. Requests: %d of 32 pairs or %d of one, after %d to warm up.",
		s.Rounds, s.Requests, s.Singles, s.Warmup)
	line("Shown are medians over the rounds, and of the ratios also the lowest and the highest. Requests are tokenized within the time.\n")
	line("| request | precision | threads | crossrank | ONNX Runtime | crossrank / ONNX Runtime |")
	line("|---|---|---:|---:|---:|---:|")
	for _, c := range list {
		unit, r := "pairs/s", c.ratios()
		if c.Batch == 1 {
			unit = "ms (P50)"
		}
		line("| %s | %s | %d | %.1f %s | %.1f %s | %.2f (%.2f to %.2f) |", c.name(), c.Precision, c.Threads,
			median(c.values(c.ours)), unit, median(c.values(c.peers)), unit, median(r), slices.Min(r), slices.Max(r))
	}
	line("")
	for _, threads := range []int{1, 2} {
		fp32 := find(list, job{"fp32", threads, 32, "as-is"})
		int8 := find(list, job{"int8", threads, 32, "as-is"})
		if fp32 != nil && int8 != nil {
			r := ratios(int8.values(int8.ours), fp32.values(fp32.ours))
			line("crossrank's int8 is %.2f times as fast as its fp32 with %s, requests as they come.", median(r), threadsOf(threads))
		}
	}
	for _, precision := range []string{"fp32", "int8"} {
		if first, resident := takes(list, precision); first > 0 && resident > 0 {
			line("In %s crossrank has its first score %.0f ms after it began to read the weights; at the end of a run its process has %.2f\n"+
				"times the size of the weights file in memory at most.", precision, first, resident)
		}
	}
	for _, r := range records {
		if q := r.Quality; q != nil {
			line("\nLogits of %d pairs: in fp32 the engines differ by at most %.1e. Against the peer's fp32:\n", q.Pairs, q.FP32MaxAbs)
			line("| int8 of | mean error | largest error | rank correlation |\n|---|---:|---:|---:|")
			line("| crossrank | %.3f | %.2f | %.4f |", q.Ours.MeanAbs, q.Ours.MaxAbs, q.Ours.Rank)
			line("| ONNX Runtime | %.3f | %.2f | %.4f |", q.Peers.MeanAbs, q.Peers.MaxAbs, q.Peers.Rank)
		}
	}
	return b.String()
}

// takes gives crossrank's median time to the first score in ms with the most threads, and the most resident memory at the
// end of any run, as a part of the weights' size; zeros if that is not in the results.
func takes(list []*comparison, precision string) (first, resident float64) {
	var times []float64
	for _, c := range list {
		for _, m := range c.ours {
			if c.Precision != precision || c.Order != "as-is" || m.Weights == 0 {
				continue // to sort pairs, bench itself holds a second vocabulary
			}
			resident = max(resident, float64(m.ResidentEnd)/float64(m.Weights))
			if c.Threads == mostThreads(list) {
				times = append(times, m.FirstScore)
			}
		}
	}
	if len(times) > 0 {
		first = median(times)
	}
	return first, resident
}

func mostThreads(list []*comparison) (threads int) {
	for _, c := range list {
		threads = max(threads, c.Threads)
	}
	return threads
}

// headline is what stands in README.md: a table of four rows, and what sorting makes of two of them.
func headline(records []record) (string, error) {
	s, list := records[0].Setup, gather(records)
	threads := mostThreads(list)
	row := func(pairs int, precision, order string) (*comparison, error) {
		c := find(list, job{precision, threads, pairs, order})
		if c == nil {
			return nil, errors.New("the results lack measurements that the headline needs")
		}
		return c, nil
	}
	var b strings.Builder
	fmt.Fprintf(&b, "On %s of %s, with the same model and web passages:\n\n", threadsOf(threads), orNA(s.Machine.CPU))
	b.WriteString("| request | crossrank | ONNX Runtime | ratio |\n|---|---:|---:|---:|\n")
	for _, size := range []struct {
		pairs        int
		name, format string
	}{
		{32, "32 passages", "%.0f pairs/s"},
		{1, "one passage", "%.1f ms (P50)"},
	} {
		for _, precision := range []string{"fp32", "int8"} {
			c, err := row(size.pairs, precision, "as-is")
			if err != nil {
				return "", err
			}
			fmt.Fprintf(&b, "| %s, %s | "+size.format+" | "+size.format+" | %.2f |\n", size.name, precision,
				median(c.values(c.ours)), median(c.values(c.peers)), median(c.ratios()))
		}
	}
	fp32, err := row(32, "fp32", "sorted")
	if err != nil {
		return "", err
	}
	int8, err := row(32, "int8", "sorted")
	if err != nil {
		return "", err
	}
	fmt.Fprintf(&b, "\nThroughput above 1 and latency below 1 favour crossrank. With requests sorted by length, which\n"+
		"spares ONNX Runtime its padding, the first two ratios are %.2f and %.2f.\n"+
		"[docs/performance.md](docs/performance.md) has all figures; `make peers` measures them again.\n",
		median(fp32.ratios()), median(int8.ratios()))
	return b.String(), nil
}

func threadsOf(n int) string {
	if n == 1 {
		return "one thread"
	}
	return fmt.Sprintf("%d threads", n)
}

func orNA(s string) string {
	if s == "" {
		return "n/a"
	}
	return s
}

// unmeasured stands in either page while there are no results.
const unmeasured = "Not measured yet; `make peers` does it.\n"

// writeDocs puts the table and the headline between their markers.
func writeDocs(records []record, performance, readme string) error {
	top, err := headline(records)
	if err != nil {
		return err
	}
	for _, page := range []struct{ name, text string }{{performance, table(records)}, {readme, top}} {
		old, err := os.ReadFile(page.name)
		if err != nil {
			return err
		}
		text, err := between(string(old), page.text)
		if err != nil {
			return fmt.Errorf("%s: %w", page.name, err)
		}
		if err := outfile.Write(page.name, []byte(text)); err != nil {
			return err
		}
	}
	return nil
}

// The markers of what is generated.
const (
	beginMark = "<!-- generated by make peers -->\n"
	endMark   = "<!-- end of what make peers generated -->\n"
)

// between replaces what stands between the markers of a page.
func between(page, text string) (string, error) {
	before, rest, ok := strings.Cut(page, beginMark)
	_, after, ok2 := strings.Cut(rest, endMark)
	if !ok || !ok2 {
		return "", fmt.Errorf("it lacks the lines %q and %q", strings.TrimSpace(beginMark), strings.TrimSpace(endMark))
	}
	return before + beginMark + text + endMark + after, nil
}
