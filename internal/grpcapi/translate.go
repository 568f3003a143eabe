package grpcapi

import (
	"math"
	"time"

	"github.com/crossrank/crossrank"
	crossrankv1 "github.com/crossrank/crossrank/proto/crossrank/v1"
)

// request turns a wire request into the project's own. The strings are shared, not copied.
func request(o *crossrankv1.Options, pairs []*crossrankv1.Pair) (*crossrank.Request, error) {
	req := &crossrank.Request{
		Pairs:     make([]crossrank.Pair, len(pairs)),
		MaxLength: int(o.GetMaxLength()),
		Raw:       o.GetRaw(),
		Priority:  int(o.GetPriority()),
	}
	switch o.GetTruncation() {
	case crossrankv1.Truncation_TRUNCATION_RIGHT:
		req.Truncation = crossrank.TruncateRight
	case crossrankv1.Truncation_TRUNCATION_LEFT:
		req.Truncation = crossrank.TruncateLeft
	case crossrankv1.Truncation_TRUNCATION_NEVER:
		req.Truncation = crossrank.TruncateNever
	default:
		return nil, crossrank.Errorf(crossrank.InvalidArgument, "options.truncation is %d, which means nothing; "+
			"use TRUNCATION_RIGHT, TRUNCATION_LEFT or TRUNCATION_NEVER", o.GetTruncation())
	}
	for i, p := range pairs {
		req.Pairs[i] = crossrank.Pair{Query: p.GetQuery(), Passage: p.GetPassage()}
	}
	return req, nil
}

func usage(u crossrank.Usage) *crossrankv1.Usage {
	return &crossrankv1.Usage{
		Tokens:          int64(u.Tokens),
		CachedTokens:    int64(u.CachedTokens),
		TruncatedTokens: int64(u.TruncatedTokens),
		PaddedTokens:    int64(u.PaddedTokens),
	}
}

func timing(t crossrank.Timing) *crossrankv1.Timing {
	return &crossrankv1.Timing{
		TokenizeNs: t.Tokenize.Nanoseconds(),
		QueueNs:    t.Queue.Nanoseconds(),
		ComputeNs:  t.Compute.Nanoseconds(),
		TotalNs:    t.Total.Nanoseconds(),
	}
}

func info(i crossrank.Info) *crossrankv1.InfoResponse {
	return &crossrankv1.InfoResponse{
		Model:        i.Model,
		Weights:      i.Weights,
		Meaningless:  i.Meaningless,
		Backend:      i.Backend,
		Device:       i.Device,
		Tier:         i.Tier,
		Threads:      int32(i.Threads),
		Quantization: i.Quantization,
		MaxLength:    int32(i.MaxLength),
		ScoreType:    string(i.ScoreType),
		Layers:       int32(i.Layers),
		HiddenSize:   int32(i.Hidden),
		Parameters:   i.Parameters,
		VocabSize:    int32(i.VocabSize),
		Version:      i.Version,
		Instances:    int32(i.Instances),
		Mode:         i.Mode,
		Padded:       i.Padded,
	}
}

// count fits a counter that grows for ever into a field that does not.
func count(n int64) int32 { return int32(min(n, math.MaxInt32)) }

func milliseconds(d time.Duration) float32 { return float32(d.Seconds() * 1e3) }
