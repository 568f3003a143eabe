package local

import (
	"slices"
	"strings"
	"testing"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/dataset"
	"github.com/crossrank/crossrank/internal/network"
	"github.com/crossrank/crossrank/internal/scorertest"
)

// TestCascade ranks documents in two stages. The first ones and their scores are those of fp32, and
// only some of the others were computed in fp32.
func TestCascade(t *testing.T) {
	m, err := Open(builtin, Options{Quantization: "cascade"})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	full := open(t)
	info, want := m.Info(), full.Info()
	if info.Quantization != "cascade" || info.WeightBytes <= want.WeightBytes*5/4 || info.Parameters != want.Parameters {
		t.Errorf("got %+v, want a cascade with the weights of both precisions", info)
	}
	if _, err := m.Verify(); err != nil {
		t.Error(err)
	}
	req := &crossrank.Request{Pairs: dataset.Synthetic(40, 7).Pairs, TopN: 4}
	for i := range req.Pairs {
		req.Pairs[i].Query = req.Pairs[0].Query
	}
	got, err := m.Score(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	all, err := full.Score(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(crossrank.Order(got.Scores, req.TopN), crossrank.Order(all.Scores, req.TopN)) {
		t.Errorf("got %v, want %v", crossrank.Order(got.Scores, req.TopN), crossrank.Order(all.Scores, req.TopN))
	}
	s := m.Cascade()
	if s.Requests != 1 || s.Pairs != 40 || s.Rescored < 4 || s.Rescored > 30 || s.Bound <= 0 || full.Cascade() != (Cascade{}) {
		t.Errorf("got %+v, want some of 40 pairs computed in fp32 too", s)
	}
	req.TopN = 0
	if got, err := m.Score(t.Context(), req); err != nil || !slices.Equal(got.Scores, all.Scores) || m.Cascade().Requests != 1 {
		t.Errorf("all scores: got %v and %v, want those of fp32", got, err)
	}
}

func TestCascadeIsAScorer(t *testing.T) {
	if testing.Short() {
		t.Skip("computes thousands of pairs")
	}
	m, err := Open(builtin, Options{Quantization: "cascade"})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	scorertest.Run(t, func(t *testing.T) crossrank.Scorer { return m })
}

func TestSamples(t *testing.T) {
	cascade := Options{Quantization: "cascade"}
	for _, c := range []struct {
		opts       Options
		parameters int64
		want       int
	}{{cascade, 0, 64}, {cascade, 22_000_000, 64}, {cascade, 250_000_000, 32}, {cascade, 8_000_000_000, 16}, {Options{}, 1, 0}} {
		if got := len(c.opts.samples(c.parameters)); got != c.want {
			t.Errorf("%s of %d parameters: got %d samples, want %d", c.opts.Quantization, c.parameters, got, c.want)
		}
	}
}

// TestMemoryOfACascade: a model that fits in fp32 but not in both precisions is refused with what
// would fit.
func TestMemoryOfACascade(t *testing.T) {
	n := &network.Network{Embeddings: network.Embeddings{Tokens: network.Table{Rows: 1e6, Width: 1000}}} // 2 and 1 GB
	if err := (Options{Quantization: "cascade"}).checkMemory(n, 3e9); err != nil {
		t.Error(err)
	}
	err := Options{Quantization: "cascade"}.checkMemory(n, 2.5e9)
	if err == nil || !strings.Contains(err.Error(), "take 3.0 GB of memory, more than the 2.5 GB that a process can have here; bf16 takes 2.0 GB") {
		t.Errorf("got %v", err)
	}
}
