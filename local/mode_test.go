package local

import (
	"slices"
	"testing"

	"github.com/crossrank/crossrank"
)

// TestModes scores one request in every mode, and padded.
func TestModes(t *testing.T) {
	req := &crossrank.Request{Pairs: []crossrank.Pair{
		{Query: "how tall is a giraffe", Passage: "Giraffes are up to 5.7 m tall."}, {Query: "how tall is a giraffe", Passage: "No."},
	}}
	want, err := open(t).Score(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		opts   Options
		scores []float32
		info   crossrank.Info // the parts that say so
	}{
		{"full", Options{Mode: "full"}, want.Scores, crossrank.Info{ScoreType: crossrank.Probability}},
		{"tokens alone", Options{Mode: "tokenization_only"}, []float32{0, 0},
			crossrank.Info{Mode: "tokenization_only", ScoreType: crossrank.NoScore}},
		{"texts kept", Options{Mode: "inference_only"}, want.Scores,
			crossrank.Info{Mode: "inference_only", ScoreType: crossrank.Probability}},
		{"padded", Options{Packing: new(false)}, want.Scores,
			crossrank.Info{Padded: true, ScoreType: crossrank.Probability}},
	} {
		m, err := Open(builtin, c.opts)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := m.Score(t.Context(), req)
		info := m.Info()
		m.Close()
		if err != nil || !slices.Equal(resp.Scores, c.scores) || resp.ScoreType != c.info.ScoreType || resp.Usage != want.Usage {
			t.Errorf("%s: got %+v, error %v, want scores %v and usage %+v", c.name, resp, err, c.scores, want.Usage)
		}
		if info.Mode != c.info.Mode || info.Padded != c.info.Padded || info.ScoreType != c.info.ScoreType {
			t.Errorf("%s: got %+v, want it said", c.name, info)
		}
	}
}
