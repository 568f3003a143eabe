package compare

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/crossrank/crossrank/internal/results"
	"github.com/crossrank/crossrank/internal/resultstest"
	"github.com/crossrank/crossrank/internal/state"
)

func compareSamples(a, b *results.Results) *Comparison {
	return Of([]*results.Results{a}, []*results.Results{b}, 0.005)
}

func TestCompareFindsAPlantedSlowdown(t *testing.T) {
	for _, c := range []struct {
		what        string
		slower      float64
		real, worse bool
	}{{"5 % slower", 0.05, true, true}, {"5 % faster", -0.05, true, false}, {"the same", 0, false, false}} {
		got := compareSamples(resultstest.Repeats(1, 0), resultstest.Repeats(2, c.slower))
		if len(got.Rows) != 2*4 { // 100 requests carry no P99
			t.Fatalf("%s: %d rows, want two configurations of throughput, average, P50 and P95", c.what, len(got.Rows))
		}
		for _, r := range got.Rows {
			if r.Real != c.real || r.Worse != c.worse {
				t.Errorf("%s: %s of %s: change %v, p %v, real %t, worse %t", c.what, r.Metric, r.Configuration, r.Change, r.P, r.Real, r.Worse)
			}
		}
		if got.Worse() != c.worse {
			t.Errorf("%s: worse is %t", c.what, got.Worse())
		}
	}
}

// Between two measurements of the same, hardly ever a difference is seen: both p < 0.05 and more
// than 2 % are asked for.
func TestCompareSeesNothingInTheSame(t *testing.T) {
	for seed := range uint64(20) {
		for _, r := range compareSamples(resultstest.Repeats(10+seed, 0), resultstest.Repeats(100+seed, 0)).Rows {
			if r.Real {
				t.Errorf("seed %d: %s of %s: change %v, p %v", seed, r.Metric, r.Configuration, r.Change, r.P)
			}
		}
	}
}

func TestCompareText(t *testing.T) {
	b := resultstest.Repeats(2, 0.05)
	b.Configurations = append(b.Configurations, &results.Measured{Configuration: results.Configuration{Batch: 64, Concurrency: 1}, End: &results.ConfigurationEnd{Complete: true}})
	var text bytes.Buffer
	if err := compareSamples(resultstest.Repeats(1, 0), b).Text(&text); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"throughput (pairs/s)", "batch=8, concurrency=1", "% worse", "(p=0.000 n=8+8)", "geomean latency P95 (ms)", "only in B: batch=64"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("no %q in\n%s", want, &text)
		}
	}
	text.Reset()
	few := resultstest.Repeats(1, 0)
	few.Configurations = few.Configurations[:2]
	if err := compareSamples(few, resultstest.Repeats(2, 0.5)).Text(&text); err != nil || !strings.Contains(text.String(), "with fewer than 6 repeats") ||
		strings.Contains(text.String(), "worse") {
		t.Errorf("one repeat shows a difference: %v\n%s", err, &text)
	}
}

// Faster does not make up for worse: the gate looks at quality alone. What is not of the same
// collection is not compared.
func TestCompareQuality(t *testing.T) {
	share, all := 0.95, 1.0
	judged := func(ndcg float64) *results.Judged {
		return &results.Judged{Hash: "sha256:1", Candidates: 50, NDCG10: ndcg, MRR10: 0.5}
	}
	for _, c := range []struct {
		what  string
		a, b  results.Quality
		rows  int
		worse bool
	}{
		{"less by more than is allowed", results.Quality{Judged: judged(0.40)}, results.Quality{Judged: judged(0.39)}, 2, true},
		{"less by what is allowed", results.Quality{Judged: judged(0.400)}, results.Quality{Judged: judged(0.396)}, 2, false},
		{"more", results.Quality{Judged: judged(0.40)}, results.Quality{Judged: judged(0.45)}, 2, false},
		{"another collection", results.Quality{Judged: judged(0.40)}, results.Quality{Judged: &results.Judged{Hash: "sha256:2", Candidates: 50}}, 0, false},
		{"another precision against the one that it is held to", results.Quality{Quantization: "fp32"},
			results.Quality{Quantization: "int8", Agreement: &results.Agreement{Against: "fp32", RankCorrelation: &all, Top10: results.TopAgreement{Share: &share}}}, 2, true},
		{"nothing was measured", results.Quality{}, results.Quality{}, 0, false},
	} {
		a, b := resultstest.Repeats(1, 0), resultstest.Repeats(2, -0.05) // B is faster
		a.Quality, b.Quality = []results.Quality{c.a}, []results.Quality{c.b}
		got := compareSamples(a, b)
		if len(got.Quality) != c.rows || got.WorseQuality() != c.worse || got.Worse() {
			t.Errorf("%s: %d rows, worse in quality %t and in speed %t; want %d and %t, and not slower", c.what, len(got.Quality), got.WorseQuality(), got.Worse(), c.rows, c.worse)
		}
		var text bytes.Buffer
		if err := got.Text(&text); err != nil || strings.Contains(text.String(), "worse") != c.worse {
			t.Errorf("%s: %v\n%s", c.what, err, &text)
		}
	}
}

func TestCompareTellsWhatElseDiffers(t *testing.T) {
	a, b := resultstest.Repeats(1, 0), resultstest.Repeats(2, 0)
	b.Run.Data.Name = "other.jsonl"
	for i, m := range a.Configurations {
		m.End.Began = time.Unix(int64(i), 0)
		b.Configurations[i].End.Began = time.Unix(int64(1000+i), 0)
	}
	unlike := strings.Join(compareSamples(a, b).Unlike, "\n")
	if !strings.Contains(unlike, "the data differs") || !strings.Contains(unlike, "entirely before the other") || strings.Contains(unlike, "machine differs") {
		t.Errorf("got %s", unlike)
	}
	b.Configurations[0].End.Began = time.Unix(0, 1) // in turns
	if unlike := strings.Join(compareSamples(a, b).Unlike, "\n"); strings.Contains(unlike, "entirely") {
		t.Errorf("in turns: %s", unlike)
	}
}

func TestBench(t *testing.T) {
	var text bytes.Buffer
	if err := Bench(&text, "A", []*results.Results{resultstest.Repeats(1, 0)}); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(text.String()), "\n")
	if len(lines) != 1+16 || lines[0] != "side: A" || !strings.HasPrefix(lines[1], "BenchmarkScore/batch=8/concurrency=1 100 ") ||
		!strings.Contains(lines[1], " pairs/s ") || !strings.Contains(lines[1], " ns/op ") {
		t.Errorf("got\n%s", &text)
	}
}

// A side that lacked CPU time is noted, since it is slower for that.
func TestCompareNotesLostCPU(t *testing.T) {
	a, b := resultstest.Repeats(1, 0), resultstest.Repeats(2, 0)
	b.Configurations[3].Samples = []results.Sample{{Configuration: 3, Sample: state.Sample{IntervalS: 1, ThrottledPct: new(50.0)}}}
	want := []string{"CPU time was stolen or throttled in 1 of 16 configurations of B; its report says how much"}
	if got := compareSamples(a, b).Unlike; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
