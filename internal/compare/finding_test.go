package compare

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/crossrank/crossrank/internal/results"
	"github.com/crossrank/crossrank/internal/resultstest"
	"github.com/crossrank/crossrank/internal/summary"
)

func summaries(all ...*results.Results) []*summary.Summary {
	var s []*summary.Summary
	for _, res := range all {
		s = append(s, summary.Of(res))
	}
	return s
}

func findings(all ...*results.Results) []Finding {
	s := summaries(all...)
	return Findings(s, NoiseOf(s))
}

// checkFinding holds that results have a finding on a topic, with these texts in it.
func checkFinding(t *testing.T, what string, res *results.Results, topic string, want []string) {
	t.Helper()
	found := findings(res)
	i := slices.IndexFunc(found, func(f Finding) bool { return f.Topic == topic })
	if i < 0 {
		t.Errorf("%s: no finding, but %v", what, found)
		return
	}
	for _, text := range want {
		if !strings.Contains(found[i].Text, text) {
			t.Errorf("%s: no %q in %q", what, text, found[i].Text)
		}
	}
}

func TestFindings(t *testing.T) {
	share := 0.9
	quantized := resultstest.Sweep("10", "model_pool.instances[0].quantization", "fp32", 100.0, "int8", 150.0)
	quantized.Quality = []results.Quality{{Quantization: "int8", Agreement: &results.Agreement{Against: "fp32", StdDev: 1, Top10: results.TopAgreement{Queries: 5, Share: &share}}}}
	judged := resultstest.Sweep("10", "model_pool.instances[0].quantization", "fp32", 100.0, "int8", 150.0)
	judged.Quality = []results.Quality{
		{Quantization: "fp32", Judged: &results.Judged{NDCG10: 0.5, MRR10: 0.6}},
		{Quantization: "int8", Judged: &results.Judged{NDCG10: 0.499, MRR10: 0.601}},
	}
	for _, c := range []struct {
		what, topic string
		res         *results.Results
		want        []string
	}{
		{"packing is faster", "Padding against packing", resultstest.Sweep("09", "batching.packing", "false", 100.0, "true", 160.0),
			[]string{"padding to the longest of a batch: **1.60×** the pairs/s.", "40 % of what padding computes is padding."}},
		{"packing makes no difference", "Padding against packing", resultstest.Sweep("09", "batching.packing", "false", 100.0, "true", 103.0),
			[]string{"no difference beyond 5.0 %."}},
		{"delays", "Delay of batches", resultstest.Sweep("08b", "batching.timeout_ms", 0, 100.0, 5, 101.0, 50, 20.0),
			[]string{"Against 0 ms of delay, 5 ms of delay: no difference beyond 5.0 %; 50: **0.20×** the pairs/s, P95 latency 5.00×."}},
		{"batch sizes", "Batch size", resultstest.Sweep("05", "", 8, 50.0, 16, 98.0, 32, 100.0),
			[]string{"Best with 32 pairs a request: 100.0 pairs/s, 2.00× of what 8 pairs give", "16 pairs are the fewest within 5.0 % of that"}},
		{"maximum length", "Maximum length", resultstest.Sweep("11", "model_pool.instances[0].max_length", 64, 200.0, 512, 100.0),
			[]string{"64: **2.00×** the pairs/s, 25.0 % of the tokens truncated."}},
		{"int8 that ranks otherwise", "Quantization", quantized,
			[]string{"int8, against fp32: **1.50×** the pairs/s.", "Of the 10 best passages, 90.0 % are the same as in fp32", "**Faster, but worse**"}},
		{"int8 that people find as good", "Quantization", judged, []string{"nDCG@10 differs by -0.0010 and MRR@10 by +0.0010.", "Faster, and the ranking is no worse"}},
	} {
		checkFinding(t, c.what, c.res, c.topic, c.want)
	}
}

// What differs in nothing but its experiment shows the noise: packing varied to true is packing
// that was true anyway.
func TestNoiseIsThatOfEqualConfigurations(t *testing.T) {
	n := NoiseOf(summaries(resultstest.Sweep("05", "", 10, 100.0, 20, 120.0), resultstest.Sweep("09", "batching.packing", "false", 60.0, "true", 110.0)))
	// Two values that are d apart have a standard deviation of d/√2; with one degree of freedom, t
	// is 12.71.
	d := math.Log(1.1)
	if n.Configurations != 1 || n.Measured != 2 || math.Abs(n.Spread-d/math.Sqrt2) > 1e-6 || math.Abs(n.Widest-0.1) > 1e-6 || n.Where != "batch=10, conc=1 in 05, 09" {
		t.Errorf("noise is %+v, want that of the two of batch 10 with packing", n)
	}
	if got, want := n.minDetectable(4), math.Expm1(12.71*d/2); math.Abs(got-want) > 1e-6 {
		t.Errorf("a mean over 4 is detectable from %v on, want %v", got, want)
	}
	if !strings.Contains(n.Words(), "1 configuration was measured by several server processes, 2 in all.") {
		t.Error("the words do not say what it calls a difference")
	}
	if n := NoiseOf(summaries(resultstest.Sweep("05", "", 10, 100.0, 20, 120.0))); n.Configurations != 0 || n.minDetectable(1) != unknownNoise {
		t.Errorf("nothing was measured twice, but noise is %+v", n)
	}
}

func TestDifferingConditions(t *testing.T) {
	a, b := resultstest.Sweep("a", "", 10, 100.0), resultstest.Sweep("b", "", 10, 100.0)
	b.Run.Data.Hash, b.Run.Version = "sha256:1", "v2"
	if got := Differing([]*results.Run{&a.Run, &b.Run}); !slices.Equal(got, []string{"data", "version of crossrank"}) {
		t.Errorf("differ in %q", got)
	}
	if n := NoiseOf(summaries(a, b)); n.Configurations != 0 {
		t.Errorf("measurements of other data count as equal: %+v", n)
	}
}
