package main

import (
	"fmt"
	"math"
)

// goal is one number that the server must reach.
type goal struct {
	key    string
	step   string // that measures it
	what   string
	target string // in words
	limit  float64
	least  bool   // the limit is the least that will do, not the most
	unit   string // behind the value
}

// goals is all that a server must survive, in the order of the page.
var goals = []goal{
	{"goodput-1.5", "overload", "goodput at 1.5 times the load", "≥ 90 % of the peak", 90, true, "%"},
	{"goodput-2", "overload", "goodput at 2 times the load", "≥ 90 % of the peak", 90, true, "%"},
	{"goodput-5", "overload", "goodput at 5 times the load", "≥ 90 % of the peak", 90, true, "%"},
	{"goodput-10", "overload", "goodput at 10 times the load", "≥ 90 % of the peak", 90, true, "%"},
	{"latency-1.5", "overload", "P99 of what was accepted at 1.5 times the load", "≤ 1.2 × the objective", 1.2, false, "×"},
	{"latency-2", "overload", "P99 of what was accepted at 2 times the load", "≤ 1.2 × the objective", 1.2, false, "×"},
	{"latency-5", "overload", "P99 of what was accepted at 5 times the load", "≤ 1.2 × the objective", 1.2, false, "×"},
	{"latency-10", "overload", "P99 of what was accepted at 10 times the load", "≤ 1.2 × the objective", 1.2, false, "×"},
	{"refusals", "overload", "P99 of the time to a refusal, the worst of these loads", "< 5 ms", 5, false, "ms"},
	{"recovery", "overload", "time until the latency without load is back", "≤ 10 s", 10, false, "s"},
	{"leavers", "abandoned", "pairs computed for callers who had left, at 5 times the load", "< 1 %", 1, false, "%"},

	{"rss", "soak", "growth of the resident memory under 80 % of the peak", "< 1 MB/h", 1, false, "MB/h"},
	{"drift", "soak", "P99 of the last tenth against the first", "≤ 110 %", 110, false, "%"},
	{"goroutines", "soak", "goroutines more than before, once idle", "≤ 5", 5, false, ""},
	{"descriptors", "soak", "descriptors more than before, once idle", "≤ 5", 5, false, ""},
	{"soak-errors", "soak", "requests that were not answered", "0", 0, false, ""},

	{"account", "accounting", "requests that callers and /metrics count differently", "0", 0, false, ""},
	{"million", "million", "the same over 1,000,000 requests (fake engine)", "0 failures", 0, false, ""},

	{"cancel", "cancellations", "what 10,000 random cancellations leave in the server", "nothing", 0, false, ""},
	{"cancel-test", "tests", "10,000 random cancellations (fake engine)", "0 failures", 0, false, ""},
	{"panics", "tests", "1,000 injected panics fail only their owners (fake engine)", "0 failures", 0, false, ""},

	{"lost", "sigterm", "accepted requests lost by 100 SIGTERMs under load", "0", 0, false, ""},
	{"exits", "sigterm", "exits other than with 0", "0", 0, false, ""},

	{"safetensors", "tests", "malformed safetensors files refused with a named error", "≥ 60", 60, true, ""},
	{"safetensors-time", "tests", "the slowest of them", "< 50 ms", 50, false, "ms"},
	{"configs", "tests", "hostile config.json files refused with a named error", "≥ 40", 40, true, ""},
	{"configs-time", "tests", "the slowest of them", "< 50 ms", 50, false, "ms"},
	{"api", "tests", "API cases with the documented status, of the dialect with the fewest", "≥ 200", 200, true, ""},
	{"guard", "tests", "kernels run against guard pages", "0 failures", 0, false, ""},
	{"abuse-test", "tests", "kinds of abuse, each with other callers beside it (fake engine)", "0 failures", 0, false, ""},
	{"fuzz", "fuzz", "fuzz targets that found a failure", "0", 0, false, ""},

	{"slowloris", "abuse", "others' P99 during slowloris", "+ < 10 %", 10, false, "%"},
	{"headers", "abuse", "others' P99 during header bombs", "+ < 10 %", 10, false, "%"},
	{"gzip", "abuse", "others' P99 during gzip bombs", "+ < 10 %", 10, false, "%"},
	{"resets", "abuse", "others' P99 during resets of streams and connections", "+ < 10 %", 10, false, "%"},

	{"net-delay", "network", "longest wait beyond the deadline, answers delayed", "≤ 1 s", 1, false, "s"},
	{"net-reset", "network", "longest wait beyond the deadline, connections reset", "≤ 1 s", 1, false, "s"},
	{"net-refuse", "network", "longest wait beyond the deadline, connections refused", "≤ 1 s", 1, false, "s"},
	{"net-halfopen", "network", "longest wait beyond the deadline, connections half open", "≤ 1 s", 1, false, "s"},
	{"net-slow", "network", "longest wait beyond the deadline, 200 bytes a second", "≤ 1 s", 1, false, "s"},

	{"fleet-steady", "fleet", "requests that failed, with nothing amiss", "0", 0, false, ""},
	{"fleet-slow", "fleet", "requests that failed, one server slowed", "0", 0, false, ""},
	{"fleet-share", "fleet", "share of the slowed server, of a healthy one's", "≤ 35 %", 35, false, "%"},
	{"fleet-killed", "fleet", "requests that failed, one server killed", "0", 0, false, ""},
	{"fleet-cut", "fleet", "requests that failed, one server cut off", "0", 0, false, ""},
	{"fleet-rolling", "fleet", "requests that failed, all servers restarted in turn", "0", 0, false, ""},
	{"fleet-added", "fleet", "requests that failed, one server added", "0", 0, false, ""},
	{"fleet-share-added", "fleet", "time until the added server has its share", "≤ 10 s", 10, false, "s"},
}

func goalOf(key string) goal {
	for _, g := range goals {
		if g.key == key {
			return g
		}
	}
	panic("no goal is called " + key)
}

// Verdicts.
const (
	reached  = "reached"
	missed   = "missed"
	notShown = "not shown" // the measurement is too coarse or too short
	notRun   = "not run"
)

// verdict says whether a goal was reached. It was reached, or missed, only if that holds for the
// whole margin of the measurement.
func (g goal) verdict(r record) string {
	if r.Fault != "" {
		return missed
	}
	off := r.Value - g.limit // positive if it is beyond the limit
	if g.least {
		off = -off
	}
	switch {
	case off+r.Margin <= 0:
		return reached
	case off-r.Margin > 0:
		return missed
	}
	return notShown
}

// figure is a record's value in words.
func (g goal) figure(r record) string {
	text := number(r.Value)
	if r.Margin > 0 {
		text += " ± " + number(r.Margin)
	}
	if g.unit != "" {
		text += " " + g.unit
	}
	return text
}

// number has three digits, or all those of a larger integer.
func number(x float64) string {
	if x == math.Trunc(x) && math.Abs(x) < 1e15 {
		return fmt.Sprintf("%.0f", x)
	}
	if math.Abs(x) >= 1000 {
		return fmt.Sprintf("%.0f", x)
	}
	return fmt.Sprintf("%.3g", x)
}
