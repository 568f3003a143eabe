package experiment

import (
	"context"
	"slices"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/client"
)

// ForRanking scores pairs to see how well they are ranked, not how fast: in as many requests as the dialect of s takes, and
// with the activation of a server that cannot be asked for logits, which ranks alike.
func ForRanking(s crossrank.Scorer, d client.Dialect) crossrank.Scorer {
	if d.Logits() && !d.OneQuery() {
		return s
	}
	return queryByQuery{s, d.Logits()}
}

type queryByQuery struct {
	scorer crossrank.Scorer
	logits bool
}

func (q queryByQuery) Score(ctx context.Context, req *crossrank.Request) (*crossrank.Response, error) {
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
		all.Scores, all.ScoreType, all.Model = append(all.Scores, resp.Scores...), resp.ScoreType, resp.Model
		rest = rest[n:]
	}
	return all, nil
}
