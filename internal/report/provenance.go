package report

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/crossrank/crossrank/internal/markdown"
	"github.com/crossrank/crossrank/internal/results"
	"github.com/crossrank/crossrank/internal/stats"
	"github.com/crossrank/crossrank/internal/summary"
)

// provenance prints how the measurement was made.
func (d *document) provenance() {
	run, m := d.Run, d.Run.Model
	d.Para("## Provenance")
	d.Header("What", "Value")
	row := func(what, value string) { d.Row(what, cmp.Or(value, summary.NotMeasured)) }
	row("Weights", markdown.Text(m.Weights))
	row("Model shape", shape(m.Layers, m.Hidden, m.Parameters, m.VocabSize))
	row("Quantization", markdown.Text(m.Quantization))
	row("Maximum length", positive(m.MaxLength, "%d tokens"))
	row("Data", markdown.Text(run.Data.Name))
	row("Data hash", dataHash(run.Data))
	row("Data size", positive(run.Data.Pairs, "%d pairs"))
	if run.Data.Instruction != "" {
		row("Instruction", markdown.Text(run.Data.Instruction))
	}
	row("CPU", markdown.Text(run.Machine.CPU))
	row("Cores", positive(run.Machine.Cores, "%d"))
	row("Caches", markdown.Text(run.Machine.Caches))
	row("Instruction tier", markdown.Text(m.Tier))
	row("Threads a batch", positive(m.Threads, "%d"))
	row("CPU time lost", d.lostCPU())
	row("System", markdown.Text(strings.Trim(run.Machine.OS+", "+run.Machine.Arch, ", ")))
	row("crossrank", markdown.Text(run.Version))
	if run.Dialect == "" {
		row("crossrank of the server", markdown.Text(m.Version))
	} else {
		row("Version of the server", markdown.Text(m.Version))
	}
	row("Go", markdown.Text(run.Machine.Go))
	row("Command line", markdown.Code(commandLine(run.CommandLine)))
	row("Target", markdown.Text(run.Target))
	if run.Dialect != "" {
		row("Dialect", markdown.Text(run.Dialect))
	}
	row("Loop model", d.loopModel())
	if !run.Started.IsZero() {
		row("Started", run.Started.Format(time.RFC3339))
	}
	d.Line("")
}

// lostCPU sums up the CPU time that the server lacked, and says where it was notable.
func (d *document) lostCPU() string {
	usage := map[string]summary.Value{}
	for _, u := range d.Usage {
		usage[u.Name] = u.Average
	}
	steal, throttled := usage[summary.StealUsage], usage[summary.ThrottledUsage]
	if !steal.Measured() && !throttled.Measured() {
		return ""
	}
	words := fmt.Sprintf("steal %s, throttled %s of one core in the mean", steal.Format("%.1f %%"), throttled.Format("%.1f %%"))
	if n := summary.Disturbed(d.Summary); n > 0 {
		words += fmt.Sprintf("; **notable** in %d of %d configurations, see Validity", n, len(d.Configurations))
	}
	return words
}

func dataHash(d results.Data) string {
	if d.Hash == "" && strings.HasPrefix(d.Name, "synthetic") {
		return "none: the data is synthetic"
	}
	return markdown.Text(d.Hash)
}

func shape(layers, hidden int, parameters int64, vocabulary int) string {
	if layers == 0 {
		return ""
	}
	return fmt.Sprintf("%d layers of %d, %d parameters, %d word pieces", layers, hidden, parameters, vocabulary)
}

// loopModel says how many workers there were, and at which rates requests were sent.
func (d *document) loopModel() string {
	var workers, rates []string
	add := func(to *[]string, s string) {
		if !slices.Contains(*to, s) {
			*to = append(*to, s)
		}
	}
	for i := range d.Configurations {
		if c := &d.Configurations[i]; c.Arrival == "" {
			add(&workers, c.ConcurrencyText())
		} else {
			add(&rates, c.RateText())
		}
	}
	if d.Run.Loop == "" {
		return ""
	}
	words := markdown.Text(d.Run.Loop) + " loop"
	if len(rates) > 0 {
		words += ", rates: " + strings.Join(rates, ", ")
	}
	if len(workers) > 0 && len(rates) > 0 {
		words += "; closed loop"
	}
	if len(workers) > 0 {
		words += ", workers: " + strings.Join(workers, ", ")
	}
	return words
}

// commandLine quotes the arguments that a shell would otherwise take apart.
func commandLine(args []string) string {
	quoted := make([]string, len(args))
	for i, a := range args {
		quoted[i] = a
		if a == "" || strings.ContainsAny(a, " \t\n'\"\\$`*?[]{}()<>|&;#~!") {
			quoted[i] = "'" + strings.ReplaceAll(a, "'", `'\''`) + "'"
		}
	}
	return strings.Join(quoted, " ")
}

// validity prints what the figures above are worth.
func (d *document) validity() {
	d.Para("## Validity")
	d.Header("Config", "Planned", "Answered", "Failed", "Abandoned", "Warm-up", "Tokens", "Tokens/s", "Complete")
	for i, c := range d.Configurations {
		tokens := fmt.Sprint(c.Tokens)
		if c.Tokens == 0 && c.Answered > 0 {
			tokens = summary.NotMeasured // by servers that do not count them
		}
		d.Row(d.configuration(i), positive(c.Planned, "%d"), fmt.Sprint(c.Answered), fmt.Sprint(c.FailedRequests()), fmt.Sprint(c.Abandoned),
			fmt.Sprint(c.Warmup), tokens, c.TokensPerSecond.Format("%.0f"), yesOrNo(c.Complete))
	}
	d.Line("")
	d.faults()
	if d.Run.ExternalServer {
		d.Line("- The server was already running, possibly on another machine: CPU, Cores, Caches and System describe the machine that " +
			"measured. What else the server was doing is not known.")
	}
	d.Line("- Latency counts from the intended send time, which in a closed loop is the actual one. Failed requests are only counted.")
	if slices.ContainsFunc(d.Configurations, func(c summary.Configuration) bool { return c.Arrival != "" }) {
		d.Line("- The time of an open loop counts from the moment that its first request was due.")
	}
	d.Line("- Throughput: Average is the pairs answered over the time of the configuration. Min to P99 and the analysis " +
		"by latency are of single requests, a request's pairs over its own latency.")
	d.Line("- Percentiles interpolate linearly between ranks; the standard deviation is the population's. A percentile is marked "+
		"where the requests are too few to bound it with %.0f %% confidence.", 100*stats.Confidence)
	d.Line("- Dashboard figures are measured by the server. Each time is a mean over the requests that ended in an interval; Inference "+
		"is from the first to the last moment that a request was computed. There are %d samples.", len(d.Series))
}

// faults prints what went wrong.
func (d *document) faults() {
	for _, why := range d.Partial {
		d.Line("- **Partial:** %s.", markdown.Text(why))
	}
	for i, c := range d.Configurations {
		if len(c.Failed) > 0 {
			var counts []string
			for _, kind := range slices.Sorted(maps.Keys(c.Failed)) {
				counts = append(counts, fmt.Sprintf("%d %s", c.Failed[kind], markdown.Text(kind)))
			}
			d.Line("- **Failed:** %s: %s; the first with %s.", d.configuration(i), strings.Join(counts, ", "), code(c.FirstError))
		}
		if why := c.Invalid; why != "" {
			d.Line("- **Not valid:** %s: %s.", d.configuration(i), markdown.Text(why))
		}
		if lost := c.LostCPU(d.Run.Machine.Cores); lost != "" {
			d.Line("- **Disturbed:** %s: %s. The figures may be too slow for that.", d.configuration(i), lost)
		}
		if c.TruncatedTokens > 0 {
			d.Line("- %s: %d tokens were truncated because their pairs exceed the maximum length.", d.configuration(i), c.TruncatedTokens)
		}
	}
	if d.Skipped > 0 {
		d.Line("- %d lines of the results are of unknown kinds; a newer version of crossrank wrote them.", d.Skipped)
	}
}
