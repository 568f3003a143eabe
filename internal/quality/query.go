package quality

import (
	"context"
	"slices"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/client"
)

// ByQuery wraps s so that it can score any pairs in the dialect d. Where that takes one query a
// request, it sends a request for each run of pairs of one query. Where it cannot be asked for
// logits, scores are those after the activation, which rank alike.
func ByQuery(s crossrank.Scorer, d client.Dialect) crossrank.Scorer {
	if d.Logits() && !d.OneQuery() {
		return s
	}
	return byQuery{s, d.Logits()}
}

type byQuery struct {
	scorer crossrank.Scorer
	logits bool
}

// Score implements [crossrank.Scorer].
func (q byQuery) Score(ctx context.Context, req *crossrank.Request) (*crossrank.Response, error) {
	all := &crossrank.Response{}
	for rest := req.Pairs; len(rest) > 0; {
		n := slices.IndexFunc(rest, func(p crossrank.Pair) bool { return p.Query != rest[0].Query })
		if n < 0 {
			n = len(rest)
		}
		part := *req
		part.Pairs, part.Raw = rest[:n], req.Raw && q.logits
		resp, err := q.scorer.Score(ctx, &part)
		if err != nil {
			return nil, err
		}
		if n == len(req.Pairs) {
			return resp, nil // with its times and counts
		}
		all.Scores, all.ScoreType, all.Model = append(all.Scores, resp.Scores...), resp.ScoreType, resp.Model
		rest = rest[n:]
	}
	return all, nil
}
