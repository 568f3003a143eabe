package grpcapi

import (
	"context"
	"testing"

	"github.com/crossrank/crossrank"
	crossrankv1 "github.com/crossrank/crossrank/proto/crossrank/v1"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// asked remembers the model that it was asked for.
type asked struct{ model string }

func (a *asked) Score(_ context.Context, req *crossrank.Request) (*crossrank.Response, error) {
	a.model = req.Model
	return &crossrank.Response{Scores: make([]float32, len(req.Pairs)), ScoreType: crossrank.NoScore, Model: req.Model}, nil
}

// TestModels serves two models: calls name the one that they mean.
func TestModels(t *testing.T) {
	infos := []crossrank.Info{{Model: "m"}, {Model: "n", Instances: 3, Mode: "tokenization_only", Padded: true, Revision: "c0ffee", Prompt: "query: ", Family: "BERT"}}
	scorer := &asked{}
	s := &rerankService{cfg: Config{
		Scorer: scorer,
		Info:   func() crossrank.Info { return infos[0] },
		Models: func() []crossrank.Info { return infos },
	}}
	for name, want := range map[string]codes.Code{"": codes.OK, "m": codes.OK, "n": codes.OK, "o": codes.NotFound} {
		scorer.model = "not asked"
		out, err := s.Score(t.Context(), &crossrankv1.ScoreRequest{Model: name, Pairs: make([]*crossrankv1.Pair, 1)})
		if status.Code(err) != want || want == codes.OK && (scorer.model != name || out.ScoreType != "none") {
			t.Errorf("scoring with model %q: got %v, %v, and the scorer was asked for %q; want %v", name, out, err, scorer.model, want)
		}
		about, err := s.Info(t.Context(), &crossrankv1.InfoRequest{Model: name})
		if status.Code(err) != want {
			t.Errorf("info of model %q: got %v, %v, want %v", name, about, err, want)
		}
		if name == "n" && (about.Model != "n" || about.Instances != 3 || about.Mode != "tokenization_only" || !about.Padded ||
			about.Revision != "c0ffee" || about.Prompt != "query: " || about.Family != "BERT") {
			t.Errorf("info of n: got %v", about)
		}
		if name == "" && about.Model != "m" {
			t.Errorf("info without a name: got %v, want the first model's", about)
		}
	}
}
