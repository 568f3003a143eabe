package report

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/crossrank/crossrank/internal/results"
	"github.com/crossrank/crossrank/internal/stats"
)

// provenance prints how the measurement was made.
func (r *Report) provenance(p *printer) {
	run, m := r.Run, r.Run.Model
	p.para("## Provenance")
	p.header("What", "Value")
	row := func(what, value string) { p.row(what, cmp.Or(value, notMeasured)) }
	row("Weights", text(m.Weights))
	row("Model shape", shape(m.Layers, m.Hidden, m.Parameters, m.VocabSize))
	row("Quantization", text(m.Quantization))
	row("Maximum length", positive(m.MaxLength, "%d tokens"))
	row("Data", text(run.Data.Name))
	row("Data hash", dataHash(run.Data))
	row("Data size", positive(run.Data.Pairs, "%d pairs"))
	row("CPU", text(run.Machine.CPU))
	row("Cores", positive(run.Machine.Cores, "%d"))
	row("Caches", text(run.Machine.Caches))
	row("Instruction tier", text(m.Tier))
	row("Threads a batch", positive(m.Threads, "%d"))
	row("System", text(strings.Trim(run.Machine.OS+", "+run.Machine.Arch, ", ")))
	row("crossrank", text(run.Version))
	if run.Dialect == "" {
		row("crossrank of the server", text(m.Version))
	} else {
		row("Version of the server", text(m.Version))
	}
	row("Go", text(run.Machine.Go))
	row("Command line", codeOrNothing(commandLine(run.CommandLine)))
	row("Target", text(run.Target))
	if run.Dialect != "" {
		row("Dialect", text(run.Dialect))
	}
	row("Loop model", r.loopModel())
	if !run.Started.IsZero() {
		row("Started", run.Started.Format(time.RFC3339))
	}
	p.line("")
}

func dataHash(d results.Data) string {
	if d.Hash == "" && strings.HasPrefix(d.Name, "synthetic") {
		return "none: the data was made, not read"
	}
	return text(d.Hash)
}

func shape(layers, hidden int, parameters int64, vocabulary int) string {
	if layers == 0 {
		return ""
	}
	return fmt.Sprintf("%d layers of %d, %d parameters, %d word pieces", layers, hidden, parameters, vocabulary)
}

// loopModel says how many workers there were.
func (r *Report) loopModel() string {
	var workers []string
	for _, c := range r.Configs {
		if w := fmt.Sprint(c.Concurrency); !slices.Contains(workers, w) {
			workers = append(workers, w)
		}
	}
	if r.Run.Loop == "" || len(workers) == 0 {
		return text(r.Run.Loop)
	}
	return fmt.Sprintf("%s loop, workers: %s", text(r.Run.Loop), strings.Join(workers, ", "))
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
func (r *Report) validity(p *printer) {
	p.para("## Validity")
	p.header("Config", "Planned", "Answered", "Failed", "Abandoned", "Warm-up", "Tokens", "Tokens/s", "Complete")
	for i, c := range r.Configs {
		complete := "yes"
		if !c.Complete {
			complete = "**no**"
		}
		failed := 0
		for _, n := range c.Failed {
			failed += n
		}
		tokens := fmt.Sprint(c.Tokens)
		if c.Tokens == 0 && c.Answered > 0 {
			tokens = notMeasured // by servers that do not count them
		}
		p.row(r.configName(i), positive(c.Planned, "%d"), fmt.Sprint(c.Answered), fmt.Sprint(failed), fmt.Sprint(c.Abandoned),
			fmt.Sprint(c.Warmup), tokens, c.TokensPerSecond.format("%.0f"), complete)
	}
	p.line("")
	r.faults(p)
	if r.Run.Elsewhere {
		p.line("- The server ran already, and may be on another machine: CPU, Cores, Caches and System are those of what measured. " +
			"What else the server had to do is not known.")
	}
	p.line("- Latency counts from the moment that a request was meant to be sent; in a closed loop, that is when it was sent. " +
		"Requests that failed are in no figure but their count.")
	p.line("- Throughput: Average is the pairs answered over the time of the configuration. Min to P99 and the analysis " +
		"by latency are of single requests, the pairs of one over its own latency.")
	p.line("- Percentiles interpolate linearly between ranks; the standard deviation is the population's. A percentile is marked "+
		"when there are fewer requests than it takes to hold a bound on it with %.0f %% confidence.", 100*stats.Confidence)
	p.line("- Dashboard figures are the server's own; each time is a mean over the requests that ended in an interval, and Inference "+
		"runs from the first to the last moment that a request was computed. There are %d samples.", len(r.Series))
}

// faults prints what went wrong.
func (r *Report) faults(p *printer) {
	for _, why := range r.Partial {
		p.line("- **Partial:** %s.", text(why))
	}
	for i, c := range r.Configs {
		if len(c.Failed) > 0 {
			var counts []string
			for _, kind := range slices.Sorted(maps.Keys(c.Failed)) {
				counts = append(counts, fmt.Sprintf("%d %s", c.Failed[kind], text(kind)))
			}
			p.line("- **Failed:** %s: %s; the first with %s.", r.configName(i), strings.Join(counts, ", "), code(c.FirstError))
		}
		if why := c.Invalid; why != "" {
			p.line("- **Not valid:** %s: %s.", r.configName(i), text(why))
		}
		if c.TruncatedTokens > 0 {
			p.line("- %s: %d tokens were cut away because their pairs were too long.", r.configName(i), c.TruncatedTokens)
		}
	}
	if r.Skipped > 0 {
		p.line("- %d lines of the results are of kinds that this program does not know; a newer one wrote them.", r.Skipped)
	}
}
