package grpcapi

import (
	"log/slog"
	"slices"
	"testing"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/edge"
	"github.com/crossrank/crossrank/internal/scorertest"
	crossrankv1 "github.com/crossrank/crossrank/proto/crossrank/v1"
	"github.com/crossrank/crossrank/proto/inference"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/encoding"
	protocodec "google.golang.org/grpc/encoding/proto"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// FuzzMessages throws bytes at what reads the messages of each call: whatever comes is an answer or
// the caller's error.
func FuzzMessages(f *testing.F) {
	for _, m := range []proto.Message{
		&crossrankv1.ScoreRequest{Pairs: []*crossrankv1.Pair{{Query: "q", Passage: "p"}, {}}, Model: "m", Options: &crossrankv1.Options{
			Raw: true, MaxLength: 3, Truncation: 2, Priority: 1, MaxPassage: 4, Instruction: "i", Windows: &crossrankv1.Windows{Aggregate: 2, Overlap: 1, Max: 1},
		}},
		&crossrankv1.ScoreRequest{Pairs: []*crossrankv1.Pair{{}}, Options: &crossrankv1.Options{MaxLength: -1}},
		&crossrankv1.RerankRequest{Query: "q", Documents: []string{"a", ""}, TopN: 1, ReturnDocuments: true, Model: "m"},
		&crossrankv1.RerankRequest{Documents: []string{"a"}, TopN: -1},
		&inference.InferRequest{Pairs: []*inference.QueryDocPair{{Query: "q", Document: "d"}}},
	} {
		wire, err := proto.Marshal(m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(wire)
	}
	f.Add([]byte{})
	f.Add([]byte("\x0a\x02\x0a\xff"))
	f.Add([]byte("\x0a\x04\x0a\x02\xff\xfe")) // a string that is not UTF-8
	cfg := Config{
		Scorer: &scorertest.Fake{}, Models: func() []crossrank.Info { return []crossrank.Info{{Model: "fake"}} },
		Log: slog.New(slog.DiscardHandler), Limits: edge.Limits{Documents: 4, DocumentBytes: 64, QueryBytes: 32},
	}
	c := codec{encoding.GetCodecV2(protocodec.Name), cfg.Limits.Documents}
	native, reference := &rerankService{cfg: cfg}, &inferenceService{cfg: cfg}
	f.Fuzz(func(t *testing.T, wire []byte) {
		check := func(what string, scores int, err error) {
			switch code := status.Code(err); {
			case err == nil && scores > cfg.Limits.Documents:
				t.Errorf("%s: %d scores, more than the limit of documents", what, scores)
			case err != nil && code != codes.InvalidArgument && code != codes.NotFound:
				t.Errorf("%s: got %v, want an error of the caller's", what, err)
			}
		}
		data := func() mem.BufferSlice { return mem.BufferSlice{mem.SliceBuffer(slices.Clone(wire))} }
		score, rerank, infer, chunk := &crossrankv1.ScoreRequest{}, &crossrankv1.RerankRequest{}, &inference.InferRequest{}, &crossrankv1.StreamScoreRequest{}
		if c.Unmarshal(data(), score) == nil {
			out, err := native.Score(t.Context(), score)
			check("Score", len(out.GetScores()), err)
		}
		if c.Unmarshal(data(), rerank) == nil {
			out, err := native.Rerank(t.Context(), rerank)
			check("Rerank", len(out.GetResults()), err)
		}
		if c.Unmarshal(data(), infer) == nil {
			out, err := reference.Infer(t.Context(), infer)
			check("Infer", len(out.GetScores()), err)
		}
		if c.Unmarshal(data(), chunk) == nil {
			st := &streamed{service: native, first: &crossrankv1.StreamScoreRequest{}}
			if err := st.start(t.Context(), chunk); err != nil {
				check("StreamScore", 0, cfg.fail(t.Context(), err))
			}
			st.scoring.Wait()
			for _, c := range st.waiting {
				if c.err != nil {
					check("a chunk", 0, cfg.fail(t.Context(), c.err))
				}
			}
		}
	})
}
