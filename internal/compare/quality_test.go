package compare

import (
	"slices"
	"strings"
	"testing"

	"github.com/crossrank/crossrank/internal/results"
	"github.com/crossrank/crossrank/internal/resultstest"
)

// What a precision costs is said of agreement and of human judgments, and judgments decide.
func TestQualityWords(t *testing.T) {
	agrees := func(top1, top10 float64) *results.Agreement {
		return &results.Agreement{Against: "fp32", StdDev: 2, MeanAbsError: 0.5, RankCorrelation: new(0.99),
			Top1: results.TopAgreement{Queries: 9, Share: &top1}, Top10: results.TopAgreement{Queries: 9, Share: &top10}}
	}
	judged := func(ndcg float64) *results.Judged { return &results.Judged{NDCG10: ndcg, MRR10: 0.5} }
	fp32 := results.Quality{Quantization: "fp32", Judged: judged(0.4)}
	for _, c := range []struct {
		what   string
		all    []results.Quality
		faster bool
		want   string
	}{
		{"not measured", nil, true, "Its quality was not measured."},
		{"agrees, and is faster", []results.Quality{{Quantization: "int8", Agreement: agrees(1, 1)}}, true, "Faster, and the ranking is no worse by more than 0.005."},
		{"agrees, and is no faster", []results.Quality{{Quantization: "int8", Agreement: agrees(1, 0.996)}}, false, "No faster, and the ranking is no worse"},
		{"another best passage", []results.Quality{{Quantization: "int8", Agreement: agrees(0.9, 1)}}, true, "**Faster, but worse**: it does not rank as fp32 does."},
		{"others of the ten best", []results.Quality{{Quantization: "int8", Agreement: agrees(1, 0.9)}}, false, "**No faster, but worse**"},
		{"others, which people find as good", []results.Quality{fp32, {Quantization: "int8", Agreement: agrees(0.9, 0.9), Judged: judged(0.41)}}, true, "Faster, and the ranking is no worse"},
		{"others, which people find worse", []results.Quality{fp32, {Quantization: "int8", Agreement: agrees(1, 1), Judged: judged(0.39)}}, true, "**Faster, but worse**"},
	} {
		res := resultstest.Sweep("x", "", 10, 100.0)
		res.Quality = c.all
		got := strings.Join(experiment{summaries(res)[0]}.qualityWords("int8", "fp32", c.faster), " ")
		if !strings.HasSuffix(got, c.want) && !strings.Contains(got, c.want) {
			t.Errorf("%s: %q, want %q", c.what, got, c.want)
		}
	}
	if got := Overlap(results.TopAgreement{}); got != "n/a" {
		t.Errorf("an agreement over no queries is %q", got)
	}
}

// Several files of one side count their quality once, and what is not alike is not compared.
func TestSharedFigures(t *testing.T) {
	set := []results.Setting{{Key: "m.threads", Value: "2"}}
	a, b := resultstest.Repeats(1, 0), resultstest.Repeats(2, 0)
	for i, res := range []*results.Results{a, b} {
		res.Quality = []results.Quality{{Configuration: i, Set: set, Quantization: "int8",
			Agreement: &results.Agreement{Against: "fp32", RankCorrelation: new(0.9)}}}
	}
	rows := compareQuality([]*results.Results{a, a}, []*results.Results{b}, 0.005)
	if len(rows) != 1 || rows[0].Configuration != "threads=2" || rows[0].Metric != "rank correlation with fp32" || rows[0].Worse {
		t.Errorf("got %+v", rows)
	}
	b.Quality[0].Agreement.Against = "bf16"
	if rows := compareQuality([]*results.Results{a}, []*results.Results{b}, 0.005); len(rows) != 0 {
		t.Errorf("agreement with another precision is compared: %+v", rows)
	}
	b.Quality[0].Set = nil
	if rows := compareQuality([]*results.Results{a}, []*results.Results{b}, 0.005); len(rows) != 0 {
		t.Errorf("other settings are compared: %+v", rows)
	}
}

func TestDifferingExcept(t *testing.T) {
	a, b := &results.Run{Version: "v1"}, &results.Run{Version: "v1"}
	a.Model.Quantization, b.Model.Quantization, b.Model.Tier = "fp32", "int8", "avx2"
	if got := Differing([]*results.Run{a, b}); !slices.Equal(got, []string{"quantization", "instruction tier"}) {
		t.Errorf("got %q", got)
	}
	if got := Differing([]*results.Run{a, b}, "quantization"); !slices.Equal(got, []string{"instruction tier"}) {
		t.Errorf("except one: %q", got)
	}
	if got := Differing(nil); got != nil {
		t.Errorf("of none: %q", got)
	}
}
