package client

import (
	"math"
	"time"

	"github.com/crossrank/crossrank"
	crossrankv1 "github.com/crossrank/crossrank/proto/crossrank/v1"
)

// toWire translates a request. Numbers beyond 32 bits mean the same as the largest of 32 bits.
func toWire(req *crossrank.Request) *crossrankv1.ScoreRequest {
	in := &crossrankv1.ScoreRequest{
		Pairs: make([]*crossrankv1.Pair, len(req.Pairs)),
		Options: &crossrankv1.Options{
			Raw:        req.Raw,
			MaxLength:  int32(min(req.MaxLength, math.MaxInt32)),
			Truncation: truncations[req.Truncation],
			Priority:   int32(min(req.Priority, math.MaxInt32)),
			MaxPassage: int32(min(req.MaxPassage, math.MaxInt32)),

			Instruction: valid(req.Instruction),
		},
		Model: valid(req.Model),
	}
	for i, p := range req.Pairs {
		in.Pairs[i] = &crossrankv1.Pair{Query: valid(p.Query), Passage: valid(p.Passage)}
	}
	if w := req.Windows; w.Aggregate != crossrank.NoWindows {
		in.Options.Windows = &crossrankv1.Windows{
			Aggregate: ofWindows[w.Aggregate],
			Overlap:   int32(min(w.Overlap, math.MaxInt32)),
			Max:       int32(min(w.Max, math.MaxInt32)),
		}
	}
	return in
}

// answer is what the replies to a call and to a chunk of a stream have in common.
type answer interface {
	GetScores() []float32
	GetScoreType() string
	GetModel() string
	GetUsage() *crossrankv1.Usage
	GetTiming() *crossrankv1.Timing
	GetTruncated() []int32
}

func fromWire(out answer) *crossrank.Response {
	u, t := out.GetUsage(), out.GetTiming()
	var truncated []int
	if cut := out.GetTruncated(); len(cut) == len(out.GetScores()) { // else it is not counted per pair
		for _, n := range cut {
			truncated = append(truncated, int(n))
		}
	}
	return &crossrank.Response{
		Scores:    out.GetScores(),
		ScoreType: crossrank.ScoreType(out.GetScoreType()),
		Model:     out.GetModel(),
		Truncated: truncated,
		Usage: crossrank.Usage{
			Tokens:          int(u.GetTokens()),
			CachedTokens:    int(u.GetCachedTokens()),
			TruncatedTokens: int(u.GetTruncatedTokens()),
			PaddedTokens:    int(u.GetPaddedTokens()),
		},
		Timing: crossrank.Timing{
			Tokenize: time.Duration(t.GetTokenizeNs()),
			Queue:    time.Duration(t.GetQueueNs()),
			Compute:  time.Duration(t.GetComputeNs()),
			Total:    time.Duration(t.GetTotalNs()),
		},
	}
}

var truncations = map[crossrank.Truncation]crossrankv1.Truncation{
	crossrank.TruncateRight: crossrankv1.Truncation_TRUNCATION_RIGHT,
	crossrank.TruncateLeft:  crossrankv1.Truncation_TRUNCATION_LEFT,
	crossrank.TruncateNever: crossrankv1.Truncation_TRUNCATION_NEVER,
}

var ofWindows = map[crossrank.Aggregate]crossrankv1.Aggregate{
	crossrank.BestWindow: crossrankv1.Aggregate_AGGREGATE_BEST,
	crossrank.MeanWindow: crossrankv1.Aggregate_AGGREGATE_MEAN,
}
