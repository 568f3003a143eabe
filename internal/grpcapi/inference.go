package grpcapi

import (
	"context"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/proto/inference"
)

// Metrics is what inference.InferenceService reports about answered requests.
type Metrics struct {
	Requests int64 // answered since the start
	Pairs    int64 // scored since the start; what the Python project calls queries

	// Of the recent requests, as the server saw them.
	Average, P50, P95, P99 time.Duration

	PairsPerSecond float64 // recently
}

// The status_code of an answer is that of HTTP. The Python project's client reads scores with 200,
// and takes 204 for an answer without scores. There is no code for a failure: that is a gRPC
// status, because a client that looks at the scores alone would take the empty list of a failure
// for a result.
const (
	statusOK       = 200
	statusNoScores = 204
)

// inferenceService is inference.InferenceService.
type inferenceService struct {
	inference.UnimplementedInferenceServiceServer
	cfg Config
}

// Infer scores pairs, in the request's order. Scores are probabilities, whatever the model's own
// activation is: the sigmoid of the logit, which for two labels is the softmax of the second one. A
// server that only tokenizes answers without scores.
func (s *inferenceService) Infer(ctx context.Context, in *inference.InferRequest) (*inference.InferResponse, error) {
	start := time.Now()
	if err := s.cfg.Limits.CheckCount(len(in.GetPairs())); err != nil {
		return nil, s.cfg.fail(ctx, err)
	}
	req := &crossrank.Request{Raw: true, Pairs: make([]crossrank.Pair, len(in.GetPairs()))}
	for i, p := range in.GetPairs() {
		req.Pairs[i] = crossrank.Pair{Query: p.GetQuery(), Passage: p.GetDocument()}
	}
	resp, err := s.cfg.score(ctx, "", req)
	if err != nil {
		return nil, s.cfg.fail(ctx, err)
	}
	out := &inference.InferResponse{NumPairs: int32(len(req.Pairs)), StatusCode: statusNoScores}
	if resp.ScoreType != crossrank.NoScore {
		out.StatusCode, out.Scores = statusOK, resp.Scores
	}
	if resp.ScoreType == crossrank.Logit {
		for i, logit := range out.Scores {
			out.Scores[i] = crossrank.Sigmoid(logit)
		}
	}
	out.LatencyMs = milliseconds(time.Since(start))
	return out, nil
}

// GetMetrics reports recent figures of the server.
func (s *inferenceService) GetMetrics(context.Context, *inference.Empty) (*inference.MetricsResponse, error) {
	m := s.cfg.Metrics()
	return &inference.MetricsResponse{
		Count:         count(m.Requests),
		AvgMs:         milliseconds(m.Average),
		P50Ms:         milliseconds(m.P50),
		P95Ms:         milliseconds(m.P95),
		P99Ms:         milliseconds(m.P99),
		ThroughputQps: float32(m.PairsPerSecond),
		QueryCount:    count(m.Pairs),
	}, nil
}
