package report

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/crossrank/crossrank/internal/results"
)

// sweep makes results of configurations that differ in one setting, each with a throughput. Every request has 10 pairs.
func sweep(name, key string, speeds ...any) *results.Results {
	res := &results.Results{Run: results.Run{Name: name, Loop: "closed", Machine: results.Machine{Cores: 2},
		Settings: json.RawMessage(`{"batching":{"packing":true,"timeout_ms":0},"model_pool":{"instances":[{"threads":0}]}}`)}}
	for i := 0; i < len(speeds); i += 2 {
		m := &results.Measured{Configuration: results.Configuration{Index: i / 2, Batch: 10, Concurrency: 1}, End: &results.ConfigurationEnd{Complete: true}}
		if key != "" {
			m.Configuration.Set = []results.Setting{{Key: key, Value: fmt.Sprint(speeds[i])}}
		} else {
			m.Configuration.Batch = speeds[i].(int)
		}
		took := time.Duration(float64(m.Configuration.Batch) / speeds[i+1].(float64) * 1e9)
		at := time.Duration(0)
		for n := range 100 {
			m.Requests = append(m.Requests, results.Request{Seq: n, Intended: at, Started: at, Finished: at + took, Pairs: m.Configuration.Batch, Code: "ok",
				Tokens: 600, PaddedTokens: 1000, TruncatedTokens: 200})
			at += took
		}
		m.End.Elapsed = at
		res.Configurations = append(res.Configurations, m)
	}
	return res
}

func summary(all ...*results.Results) *Summary {
	var reports []*Report
	for _, res := range all {
		reports = append(reports, Summarize(res))
	}
	return Sum(reports)
}

func TestLessons(t *testing.T) {
	share := 0.9
	quantized := sweep("10", "model_pool.instances[0].quantization", "fp32", 100.0, "int8", 150.0)
	quantized.Quality = []results.Quality{{Quantization: "int8", Agreement: &results.Agreement{Against: "fp32", StdDev: 1, Top10: results.TopAgreement{Queries: 5, Share: &share}}}}
	judged := sweep("10", "model_pool.instances[0].quantization", "fp32", 100.0, "int8", 150.0)
	judged.Quality = []results.Quality{
		{Quantization: "fp32", Judged: &results.Judged{NDCG10: 0.5, MRR10: 0.6}},
		{Quantization: "int8", Judged: &results.Judged{NDCG10: 0.499, MRR10: 0.601}},
	}
	for _, c := range []struct {
		what, topic string
		res         *results.Results
		want        []string
	}{
		{"packing is faster", "Padding against packing", sweep("09", "batching.packing", "false", 100.0, "true", 160.0),
			[]string{"padding to the longest of a batch: **1.60×** the pairs/s.", "40 % of what padding computes is padding."}},
		{"packing makes no difference", "Padding against packing", sweep("09", "batching.packing", "false", 100.0, "true", 103.0),
			[]string{"no difference beyond 5.0 %."}},
		{"delays", "Delay of batches", sweep("08b", "batching.timeout_ms", 0, 100.0, 5, 101.0, 50, 20.0),
			[]string{"Against 0 ms of delay, 5 ms of delay: no difference beyond 5.0 %; 50: **0.20×** the pairs/s, P95 latency 5.00×."}},
		{"batch sizes", "Batch size", sweep("05", "", 8, 50.0, 16, 98.0, 32, 100.0),
			[]string{"Best with 32 pairs a request: 100.0 pairs/s, 2.00× of what 8 pairs give", "16 pairs are the fewest within 5.0 % of that"}},
		{"maximum length", "Maximum length", sweep("11", "model_pool.instances[0].max_length", 64, 200.0, 512, 100.0),
			[]string{"64: **2.00×** the pairs/s, 25.0 % of the tokens cut away."}},
		{"int8 that ranks otherwise", "Quantization", quantized,
			[]string{"int8, against fp32: **1.50×** the pairs/s.", "Of the 10 best passages, 90.0 % are the same as in fp32", "**Faster, but worse**"}},
		{"int8 that people find as good", "Quantization", judged, []string{"nDCG@10 is -0.0010 apart and MRR@10 +0.0010.", "Faster, and the ranking is no worse"}},
	} {
		lessons := summary(c.res).Lessons
		i := slices.IndexFunc(lessons, func(l Lesson) bool { return l.Topic == c.topic })
		if i < 0 {
			t.Errorf("%s: no lesson, but %v", c.what, lessons)
			continue
		}
		for _, want := range c.want {
			if !strings.Contains(lessons[i].Finding, want) {
				t.Errorf("%s: no %q in %q", c.what, want, lessons[i].Finding)
			}
		}
	}
}

// What differs in nothing but its experiment is the measure of chance: packing swept to true is packing that was true anyway.
func TestNoiseIsThatOfEqualConfigurations(t *testing.T) {
	s := summary(sweep("05", "", 10, 100.0, 20, 120.0), sweep("09", "batching.packing", "false", 60.0, "true", 110.0))
	n := s.Noise
	// Two values that are d apart have a standard deviation of d/√2; with one degree of freedom, t is 12.71.
	d := math.Log(1.1)
	if n.Configs != 1 || n.Measured != 2 || math.Abs(n.Spread-d/math.Sqrt2) > 1e-6 || math.Abs(n.Widest-0.1) > 1e-6 || n.Where != "batch=10, conc=1 in 05, 09" {
		t.Errorf("noise is %+v, want that of the two of batch 10 with packing", n)
	}
	if got, want := n.told(4), math.Expm1(12.71*d/2); math.Abs(got-want) > 1e-6 {
		t.Errorf("a mean over 4 is told from %v on, want %v", got, want)
	}
	if !strings.Contains(string(s.Markdown()), "1 configuration was measured by several server processes, 2 in all.") {
		t.Error("the page does not say what it calls a difference")
	}
	if n := summary(sweep("05", "", 10, 100.0, 20, 120.0)).Noise; n.Configs != 0 || n.told(1) != untested {
		t.Errorf("nothing was measured twice, but noise is %+v", n)
	}
}

func TestSummaryPages(t *testing.T) {
	a, b := sample(1, 0), openLoop()
	a.Run.Name = "05_batch"
	s := summary(a, b)
	page := string(s.Markdown())
	for _, want := range []string{
		"| 05_batch | 16 | ", "| yes |", "P99 ≤ 40 ms is kept up to **50.00** requests/s of 4 pairs (200 pairs/s), and not at 100.00; that is 25 % of what",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q in\n%s", want, page)
		}
	}
	html, err := s.HTML(map[string][]Chart{"05_batch": Charts(a)})
	if err != nil {
		t.Fatal(err)
	}
	if outside.Match(html) || strings.Contains(string(html), "<script") || !strings.Contains(string(html), "<b>50.00</b> requests/s") {
		t.Errorf("the page asks for something outside, has a script or lacks its findings:\n%.3000s", html)
	}
}

func TestDifferencesAreTold(t *testing.T) {
	a, b := sweep("a", "", 10, 100.0), sweep("b", "", 10, 100.0)
	b.Run.Data.Hash, b.Run.Version = "sha256:1", "v2"
	s := summary(a, b)
	if !slices.Equal(s.Differ, []string{"data", "version of crossrank"}) {
		t.Errorf("differ in %q", s.Differ)
	}
	if s.Noise.Configs != 0 {
		t.Errorf("measurements of other data count as equal: %+v", s.Noise)
	}
}
