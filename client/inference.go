package client

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/proto/inference"
	"google.golang.org/grpc"
)

// overInference calls inference.InferenceService.
type overInference struct {
	target  string
	model   string
	conn    *grpc.ClientConn
	service inference.InferenceServiceClient
}

func newInference(name string, conn *grpc.ClientConn, model string) *overInference {
	return &overInference{target: name, model: model, conn: conn, service: inference.NewInferenceServiceClient(conn)}
}

func (s *overInference) score(ctx context.Context, req *crossrank.Request) (*crossrank.Response, error) {
	if err := Inference.check(req, s.model); err != nil {
		return nil, err
	}
	in := &inference.InferRequest{Pairs: make([]*inference.QueryDocPair, len(req.Pairs))}
	for i, p := range req.Pairs {
		in.Pairs[i] = &inference.QueryDocPair{Query: valid(p.Query), Document: valid(p.Passage)}
	}
	out, err := s.service.Infer(ctx, in)
	if err != nil {
		return nil, grpcFailure(ctx, s.target, err)
	}
	// The Python project's servers report errors as an HTTP status; 0 means none. With 204 they
	// have only tokenized.
	scores, kind := out.GetScores(), guessScoreType(out.GetScores())
	switch status := int(out.GetStatusCode()); status {
	case 0, http.StatusOK:
	case http.StatusNoContent:
		scores, kind = make([]float32, len(req.Pairs)), crossrank.NoScore
	default:
		code, ok := codeOfStatus[status]
		if !ok {
			code = crossrank.Internal
		}
		return nil, crossrank.Errorf(code, "%s answered the status %d", s.target, status)
	}
	if n := int(out.GetNumPairs()); n != 0 && n != len(req.Pairs) {
		return nil, crossrank.Errorf(crossrank.Internal, "%s answered for %d pairs of %d", s.target, n, len(req.Pairs))
	}
	return &crossrank.Response{
		Scores: scores, ScoreType: kind, Model: req.Model,
		Timing: crossrank.Timing{Total: max(0, time.Duration(float64(out.GetLatencyMs())*float64(time.Millisecond)))},
	}, nil
}

// info returns the model of the options: the service does not name its own.
func (s *overInference) info(context.Context) (crossrank.Info, error) {
	return crossrank.Info{Model: s.model}, nil
}

func (s *overInference) history(context.Context, time.Time) (json.RawMessage, error) {
	return nil, crossrank.Errorf(crossrank.InvalidArgument, "%s: the dialect %s has no history; use the dialect crossrank, over HTTP",
		s.target, Inference)
}

func (s *overInference) close() error { return s.conn.Close() }
