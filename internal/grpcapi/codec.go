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

// Codec makes a server decode no more of a request with too many documents than their number.
//
// An empty document takes two bytes of a message and about a hundred in memory, and messages are
// decoded before the API key is checked. Without this, a message of 8 MiB would cost half a GiB.
func Codec(limits edge.Limits) grpc.ServerOption {
	return grpc.ForceServerCodecV2(codec{encoding.GetCodecV2(proto.Name), limits.OrDefaults().Documents})
}

// codec is that of protobuf, except for messages with more documents than most: of those it keeps
// only the number, and the service refuses them.
type codec struct {
	encoding.CodecV2
	most int
}

// Marshal encodes a message. The bytes of a reply that [Hold] passes on stay reserved until they
// are written.
func (c codec) Marshal(v any) (mem.BufferSlice, error) {
	if reply, ok := v.(*heldReply); ok {
		return reply.encode()
	}
	return c.CodecV2.Marshal(v)
}

// Unmarshal decodes a message.
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

// occurrences counts a field in a message, up to where the message is malformed.
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
