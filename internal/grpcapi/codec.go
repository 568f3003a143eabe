package grpcapi

import (
	"github.com/crossrank/crossrank/internal/edge"
	crossrankv1 "github.com/crossrank/crossrank/proto/crossrank/v1"
	"github.com/crossrank/crossrank/proto/inference"
	"google.golang.org/grpc"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/encoding/proto"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"
)

// Codec has a server read no more of a request with too many documents than how many there are.
//
// A document takes two bytes of a message and some hundred in memory, and messages are read before a key is asked for: one
// of 8 MiB would cost anybody's server half a GiB.
func Codec(limits edge.Limits) grpc.ServerOption {
	return grpc.ForceServerCodecV2(codec{encoding.GetCodecV2(proto.Name), limits.OrDefaults().Documents})
}

// codec is protobuf's, but for messages with more documents than most: of those it leaves the count alone, which the
// service refuses.
type codec struct {
	encoding.CodecV2
	most int
}

func (c codec) Unmarshal(data mem.BufferSlice, v any) error {
	buf := data.MaterializeToBuffer(mem.DefaultBufferPool())
	defer buf.Free()
	switch m := v.(type) {
	case *crossrankv1.ScoreRequest:
		if n := occurrences(buf.ReadOnlyData(), 1); n > c.most {
			m.Pairs = make([]*crossrankv1.Pair, n)
			return nil
		}
	case *crossrankv1.StreamScoreRequest:
		if n := occurrences(buf.ReadOnlyData(), 1); n > c.most {
			m.Pairs = make([]*crossrankv1.Pair, n)
			return nil
		}
	case *crossrankv1.RerankRequest:
		if n := occurrences(buf.ReadOnlyData(), 2); n > c.most {
			m.Documents = make([]string, n)
			return nil
		}
	case *inference.InferRequest:
		if n := occurrences(buf.ReadOnlyData(), 1); n > c.most {
			m.Pairs = make([]*inference.QueryDocPair, n)
			return nil
		}
	}
	return c.CodecV2.Unmarshal(mem.BufferSlice{buf}, v)
}

// occurrences is how often a field stands in a message, up to where the message is broken.
func occurrences(message []byte, field protowire.Number) (n int) {
	for len(message) > 0 {
		number, _, size := protowire.ConsumeField(message)
		if size < 0 {
			break
		}
		if number == field {
			n++
		}
		message = message[size:]
	}
	return n
}
