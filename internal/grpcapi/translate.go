package grpcapi

import (
	"math"
	"time"

	"github.com/crossrank/crossrank"
	crossrankv1 "github.com/crossrank/crossrank/proto/crossrank/v1"
)

// request translates the options and pairs of a message. What has no translation is refused here;
// the scorer checks the values. Strings are not copied.
func request(o *crossrankv1.Options, pairs []*crossrankv1.Pair) (*crossrank.Request, error) {
	req := &crossrank.Request{
		Pairs:     make([]crossrank.Pair, len(pairs)),
		MaxLength: int(o.GetMaxLength()),
		Raw:       o.GetRaw(),
		Priority:  int(o.GetPriority()),

		MaxPassage:  int(o.GetMaxPassage()),
		Instruction: o.GetInstruction(),
	}
	switch o.GetTruncation() {
	case crossrankv1.Truncation_TRUNCATION_RIGHT:
		req.Truncation = crossrank.TruncateRight
	case crossrankv1.Truncation_TRUNCATION_LEFT:
		req.Truncation = crossrank.TruncateLeft
	case crossrankv1.Truncation_TRUNCATION_NEVER:
		req.Truncation = crossrank.TruncateNever
	default:
		return nil, crossrank.Errorf(crossrank.InvalidArgument, "options.truncation is %d; "+
			"use TRUNCATION_RIGHT, TRUNCATION_LEFT or TRUNCATION_NEVER", o.GetTruncation())
	}
	var err error
	if req.Windows, err = windows(o.GetWindows()); err != nil {
		return nil, err
	}
	for i, p := range pairs {
		req.Pairs[i] = crossrank.Pair{Query: p.GetQuery(), Passage: p.GetPassage()}
	}
	return req, nil
}

// windows translates how long passages are split.
func windows(w *crossrankv1.Windows) (crossrank.Windows, error) {
	out := crossrank.Windows{Overlap: int(w.GetOverlap()), Max: int(w.GetMax())}
	switch w.GetAggregate() {
	case crossrankv1.Aggregate_AGGREGATE_NONE:
		if out != (crossrank.Windows{}) {
			return out, crossrank.Errorf(crossrank.InvalidArgument, "options.windows needs an aggregate, AGGREGATE_BEST or "+
				"AGGREGATE_MEAN")
		}
	case crossrankv1.Aggregate_AGGREGATE_BEST:
		out.Aggregate = crossrank.BestWindow
	case crossrankv1.Aggregate_AGGREGATE_MEAN:
		out.Aggregate = crossrank.MeanWindow
	default:
		return out, crossrank.Errorf(crossrank.InvalidArgument, "options.windows.aggregate is %d; "+
			"use AGGREGATE_BEST or AGGREGATE_MEAN", w.GetAggregate())
	}
	return out, nil
}

// truncated is the number of tokens cut from each pair, or nil if none were.
func truncated(resp *crossrank.Response) []int32 {
	var cut []int32
	for i, n := range resp.Truncated {
		if n > 0 && cut == nil {
			cut = make([]int32, len(resp.Scores))
		}
		if n > 0 && i < len(cut) {
			cut[i] = count(int64(n))
		}
	}
	return cut
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
		Revision:     i.Revision,
		Prompt:       i.Prompt,
		Family:       i.Family,
		Instruction:  i.Instruction,
		WeightBytes:  i.WeightBytes,
	}
}

// count clamps a growing counter to a field of 32 bits.
func count(n int64) int32 { return int32(min(n, math.MaxInt32)) }

func milliseconds(d time.Duration) float32 { return float32(d.Seconds() * 1e3) }
