package grpcapi

import (
	"bytes"
	"context"
	"runtime"
	"strings"
	"testing"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/edge"
	"github.com/crossrank/crossrank/internal/scorertest"
	crossrankv1 "github.com/crossrank/crossrank/proto/crossrank/v1"
	"github.com/crossrank/crossrank/proto/inference"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/encoding/proto"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/status"
	protobuf "google.golang.org/protobuf/proto"
)

// A message of millions of empty documents costs a few times its size until it is refused.
func TestMessagesAreNotAmplified(t *testing.T) {
	const size = 4 << 20
	cfg := Config{Scorer: &scorertest.Fake{}, Models: func() []crossrank.Info { return []crossrank.Info{{Model: "m"}} }}
	c := codec{encoding.GetCodecV2(proto.Name), edge.Limits{}.OrDefaults().Documents}
	score, rerank, infer := &crossrankv1.ScoreRequest{}, &crossrankv1.RerankRequest{}, &inference.InferRequest{}
	stream := &crossrankv1.StreamScoreRequest{}
	tests := []struct {
		name string
		one  protobuf.Message
		in   any
		call func() error
	}{
		{"score", &crossrankv1.ScoreRequest{Pairs: []*crossrankv1.Pair{{}}}, score, func() error {
			_, err := (&rerankService{cfg: cfg}).Score(context.Background(), score)
			return err
		}},
		{"stream", &crossrankv1.StreamScoreRequest{Pairs: []*crossrankv1.Pair{{}}}, stream, func() error {
			st := &streamed{service: &rerankService{cfg: cfg}, first: &crossrankv1.StreamScoreRequest{}}
			return cfg.fail(context.Background(), st.start(context.Background(), stream))
		}},
		{"rerank", &crossrankv1.RerankRequest{Documents: []string{""}}, rerank, func() error {
			_, err := (&rerankService{cfg: cfg}).Rerank(context.Background(), rerank)
			return err
		}},
		{"infer", &inference.InferRequest{Pairs: []*inference.QueryDocPair{{}}}, infer, func() error {
			_, err := (&inferenceService{cfg: cfg}).Infer(context.Background(), infer)
			return err
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			one, err := protobuf.Marshal(tt.one)
			if err != nil {
				t.Fatal(err)
			}
			wire := mem.BufferSlice{mem.SliceBuffer(bytes.Repeat(one, size/len(one)))}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			if err := c.Unmarshal(wire, tt.in); err != nil {
				t.Fatal(err)
			}
			err = tt.call()
			runtime.ReadMemStats(&after)
			if status.Code(err) != codes.InvalidArgument || !strings.Contains(err.Error(), "has 2097152 documents") {
				t.Errorf("got %v, want INVALID_ARGUMENT that tells how many documents there are", err)
			}
			if got := after.TotalAlloc - before.TotalAlloc; got > 10*size {
				t.Errorf("%d MiB of message cost %d MiB, want at most ten times as much", size>>20, got>>20)
			}
		})
	}
}

// What is within the limit is read whole, and what is broken is an error, as without the codec.
func TestCodecReadsTheRest(t *testing.T) {
	c := codec{encoding.GetCodecV2(proto.Name), 2}
	want := &crossrankv1.RerankRequest{Query: "q", Documents: []string{"a", "b"}, TopN: 1}
	wire, err := protobuf.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	for _, parts := range []mem.BufferSlice{
		{mem.SliceBuffer(wire)},
		{mem.SliceBuffer(wire[:4]), mem.SliceBuffer(wire[4:])},
	} {
		got := &crossrankv1.RerankRequest{}
		if err := c.Unmarshal(parts, got); err != nil || !protobuf.Equal(got, want) {
			t.Errorf("in %d parts: got %v and error %v, want %v", len(parts), got, err, want)
		}
	}
	if err := c.Unmarshal(mem.BufferSlice{mem.SliceBuffer(wire[:len(wire)-1])}, &crossrankv1.RerankRequest{}); err == nil {
		t.Error("a message that is cut off was read without an error")
	}
}
