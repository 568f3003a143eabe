package client

import (
	"context"
	"math"
	"slices"

	"github.com/crossrank/crossrank"
	crossrankv1 "github.com/crossrank/crossrank/proto/crossrank/v1"
)

// isRanking reports whether a request can be sent as a ranking, which may cost a server less: it
// needs only some scores, and all pairs have one query.
func isRanking(req *crossrank.Request) bool {
	return req.TopN > 0 && req.TopN < len(req.Pairs) &&
		!slices.ContainsFunc(req.Pairs, func(p crossrank.Pair) bool { return p.Query != req.Pairs[0].Query })
}

// rank sends a request as a ranking. The scores that do not come back are omitted.
func (g *overGRPC) rank(ctx context.Context, req *crossrank.Request) (*crossrank.Response, error) {
	in := toWire(req)
	ranking := &crossrankv1.RerankRequest{
		Query: in.Pairs[0].GetQuery(), TopN: int32(min(req.TopN, math.MaxInt32)), Options: in.Options, Model: in.Model,
	}
	for _, p := range in.Pairs {
		ranking.Documents = append(ranking.Documents, p.GetPassage())
	}
	out, err := g.service.Rerank(ctx, ranking)
	if err != nil {
		return nil, g.failure(ctx, err)
	}
	scores := slices.Repeat([]float32{crossrank.Omitted}, len(req.Pairs))
	for _, r := range out.GetResults() {
		i := int(r.GetIndex())
		if i < 0 || i >= len(scores) || scores[i] != crossrank.Omitted {
			return nil, crossrank.Errorf(crossrank.Internal, "%s: the reply does not have one score for each document", g.target)
		}
		scores[i] = r.GetScore()
	}
	if len(out.GetResults()) != req.TopN {
		return nil, crossrank.Errorf(crossrank.Internal, "%s answered %d documents of the first %d", g.target, len(out.GetResults()), req.TopN)
	}
	return fromWire(&crossrankv1.ScoreResponse{
		Scores: scores, ScoreType: out.GetScoreType(), Model: out.GetModel(), Usage: out.GetUsage(), Timing: out.GetTiming(),
	}), nil
}
