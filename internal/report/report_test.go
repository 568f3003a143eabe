package report

import (
	"bytes"
	"encoding/json"
	"flag"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/crossrank/crossrank/internal/results"
	"github.com/crossrank/crossrank/internal/summary"
)

var update = flag.Bool("update", false, "write the golden files anew")

// two.jsonl has two configurations, failures and samples with gaps; killed.jsonl comes from a run
// that was killed with the built-in model; bare.jsonl has nothing measured and nothing known.
func TestGolden(t *testing.T) {
	for _, name := range []string{"two", "killed", "bare"} {
		t.Run(name, func(t *testing.T) {
			got := Markdown(summarizeFile(t, name))
			golden := filepath.Join("testdata", name+".md")
			if *update {
				if err := os.WriteFile(golden, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("not as in %s; run the test with -update and look at the difference.\ngot:\n%s", golden, got)
			}
		})
	}
}

func summarizeFile(t *testing.T, name string) *summary.Summary {
	t.Helper()
	res, err := results.ReadFile(filepath.Join("testdata", name+".jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	return summary.Of(res)
}

// seedFormat is how a report begins: its headings and the heads of its tables, in their order.
var seedFormat = []string{
	"**Timestamp:** ", "**Model:** `", "**Backend:** `",
	"## Results Summary", "| Batch | Conc | Pairs | Time(s) | Lat Avg | Lat P95 | Lat P99 | TP Avg | TP P95 |",
	"## Detailed Metrics", "### Config 1: batch=", "**Total:** ",
	"#### Latency (ms)", "| Metric | Value |", "| Average |", "| Min |", "| Max |", "| Std Dev |", "| P50 |", "| P90 |", "| P95 |", "| P99 |",
	"#### Throughput (pairs/s)", "| Metric | Value |", "| Average |", "| Min |", "| Max |", "| Std Dev |", "| P50 |", "| P90 |", "| P95 |", "| P99 |",
	"#### Latency vs Throughput Analysis", "| Latency Range | Avg Throughput | Min Throughput | Max Throughput | Count |",
	"| < ", "(P50-P75) |", "(P75-P90) |", "(P90+) |", "**Correlation:** ",
	"## Overall Summary", "| Metric | Value | Config |", "| Best Throughput |", "| Best Latency |", "| Avg Throughput |", "| Avg Latency |",
	"## Dashboard Metrics Summary", "| Metric | Avg | Min | Max | P50 | P95 |", "| GPU Memory (MB) |", "| GPU Utilization (%) |",
	"| CPU Usage (%) |", "| Tokenization (ms) |", "| Inference (ms) |", "| Queue Wait (ms) |", "| Padding Waste (%) |",
	"## Dashboard Time-Series Data",
	"| Index | GPU Mem (MB) | GPU Util (%) | CPU (%) | Latency (ms) | Throughput | Tokenize (ms) | Inference (ms) | Queue (ms) | Padding (%) |",
}

func TestFormatIsThatOfTheReportToMatch(t *testing.T) {
	ours := string(Markdown(summarizeFile(t, "two")))
	checkOrder(t, "our report", ours, append(seedFormat[:len(seedFormat):len(seedFormat)], "## Provenance", "## Validity"))

	seed, err := os.ReadFile(filepath.Join("..", "..", "..", "shared", "seed", "02_backend_mps.md"))
	if err != nil {
		t.Skipf("the report to match is not beside the project: %v", err)
	}
	checkOrder(t, "the report to match", string(seed), seedFormat)
}

func checkOrder(t *testing.T, what, report string, parts []string) {
	t.Helper()
	at := 0
	for _, part := range parts {
		i := strings.Index(report[at:], part)
		if i < 0 {
			t.Fatalf("%s: no %q in its place", what, part)
		}
		at += i + len(part)
	}
}

// The cells are those of the report to match, from its own figures.
func TestCells(t *testing.T) {
	n := 100_000 // requests enough for any percentile
	d := summary.Distribution{N: n, Average: 60.0716, Min: 38.128, Max: 131.994, StdDev: 17.888, P50: 59.957, P90: 79.19, P95: 85.93, P99: 106.809}
	tp := summary.Distribution{N: n, Average: 578.4, Min: 242.45, Max: 839.18, StdDev: 159.52, P50: 536.31, P90: 783.34, P95: 794.84, P99: 836.05}
	inf := summary.Value(math.Inf(1))
	c := summary.Configuration{Batch: 32, Concurrency: 1, Answered: n, Pairs: 3200, Seconds: 6.00928, PairsPerSecond: 532.5096, Latency: d, PerRequest: tp, Correlation: -0.96312,
		Buckets: []summary.Bucket{
			{From: -inf, To: 59.957, Average: 728.94, Min: 573.62, Max: 839.18, Count: 50},
			{From: 59.957, To: 73.51, Average: 459.5, Min: 435.63, Max: 499, Count: 25},
			{From: 73.51, To: 79.19, Average: 423.02, Min: 404.11, Max: 435.63, Count: 15},
			{From: 79.19, To: inf, Average: 356.2, Min: 242.45, Max: 404.01, Count: 10}}}
	r := &summary.Summary{Configurations: []summary.Configuration{c}, Series: []summary.Interval{
		{GPUMemory: 1111.6, GPU: 30.7, CPU: 1.3, Latency: 56.2, Throughput: 224, Tokenize: 10.3, Compute: 56.2, Queue: 0, Padding: 40.2,
			Steal: summary.Unmeasured, Throttled: summary.Unmeasured}}}
	r.Usage = summary.UsageOf(r.Series)
	r.Overall = summary.OverallOf(r.Configurations)
	got := string(Markdown(r))
	for _, want := range []string{
		"| 32 | 1 | 3200 | 6.01 | 60.1ms | 85.9ms | 106.8ms | 532.5 | 794.8 |",
		"**Total:** 3200 pairs in 6.01s", "| Average | 60.07 |", "| Std Dev | 17.89 |", "| Average | 532.51 |", "| P99 | 836.05 |",
		"| < 60.0ms (P50) | 728.94 | 573.62 | 839.18 | 50 |", "| 60.0-73.5ms (P50-P75) | 459.50 | 435.63 | 499.00 | 25 |",
		"| 73.5-79.2ms (P75-P90) | 423.02 | 404.11 | 435.63 | 15 |", "| >= 79.2ms (P90+) | 356.20 | 242.45 | 404.01 | 10 |",
		"**Correlation:** -0.963 (negative correlation expected: lower latency = higher throughput)",
		"| Best Throughput | 532.51 p/s | batch=32, conc=1 |", "| Best Latency | 60.07ms | batch=32, conc=1 |",
		"| Avg Throughput | 532.51 p/s | all configs |", "| Avg Latency | 60.07ms | all configs |",
		"| GPU Memory (MB) | 1111.6 | 1111.6 | 1111.6 | 1111.6 | 1111.6 |",
		"| 0 | 1111.6 | 30.7 | 1.3 | 56.2 | 224 | 10.3 | 56.2 | 0.0 | 40.2 |",
	} {
		if !strings.Contains(got, "\n"+want+"\n") {
			t.Errorf("no line %q", want)
		}
	}
	if strings.Contains(got, mark) {
		t.Error("a percentile of many requests is marked")
	}
}

func TestMarks(t *testing.T) {
	for _, c := range []struct {
		p, n int
		want bool
	}{{99, 100, true}, {99, 458, true}, {99, 459, false}, {95, 89, true}, {95, 90, false}, {90, 43, true}, {90, 44, false}, {50, 6, true}, {50, 7, false}, {99, 0, false}} {
		var m marks
		if got := m.cell(1, "%.2f", c.p, c.n) != "1.00"; got != c.want {
			t.Errorf("P%d of %d requests: marked is %t, want %t", c.p, c.n, got, c.want)
		}
	}
}

// What was not measured is null in JSON, which knows no NaN.
func TestJSON(t *testing.T) {
	b, err := json.Marshal(summarizeFile(t, "bare"))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(b, []byte(`"pairs_per_s":null`)) || bytes.Contains(b, []byte("NaN")) {
		t.Errorf("got %s", b)
	}
}

var noFigure = regexp.MustCompile(`NaN|\bInf\b`)

// Whatever is not known is printed as such, never as 0.
func TestNothingMeasuredIsNever0(t *testing.T) {
	for line := range strings.SplitSeq(string(Markdown(summarizeFile(t, "bare"))), "\n") {
		if noFigure.MatchString(line) || strings.Contains(line, "0.0") &&
			!strings.HasPrefix(line, "| 1 | 1 | 0 | 0.00 | n/a") && line != "**Total:** 0 pairs in 0.00s" {
			t.Errorf("got %q", line)
		}
	}
}
