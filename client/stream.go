package client

import (
	"context"
	"errors"
	"io"

	"github.com/crossrank/crossrank"
	crossrankv1 "github.com/crossrank/crossrank/proto/crossrank/v1"
)

// DefaultChunk is the default number of pairs per chunk.
const DefaultChunk = 256

// ScoreStream scores a request of any length, with more pairs than the server takes in one request
// or than fit into one message. It sends chunks of that many pairs (0 means [DefaultChunk]), a few
// ahead of the replies, and calls each with the reply to every chunk, in order; offset is the index
// in req.Pairs of its first score. Calls of each do not overlap. An error that each returns ends
// the stream and is returned.
//
// Errors are those of [Client.Score]; replies before an error are valid. Streams are not retried:
// continue with the first pair without a score. Only gRPC targets have streams.
func (c *Client) ScoreStream(ctx context.Context, req *crossrank.Request, chunk int,
	each func(offset int, part *crossrank.Response) error) error {
	if err := ctx.Err(); err != nil {
		return contextError(err)
	}
	if err := req.Validate(); err != nil {
		return err
	}
	if chunk < 0 {
		return crossrank.Errorf(crossrank.InvalidArgument, "a chunk has %d pairs; use 0 for the default", chunk)
	}
	if chunk == 0 {
		chunk = DefaultChunk
	}
	g, ok := c.transport.(*overGRPC)
	if !ok {
		return crossrank.Errorf(crossrank.InvalidArgument, "%s: only crossrank servers have streams, over gRPC; dial the grpc:// address", c.target)
	}
	return g.stream(ctx, c.named(req), chunk, each)
}

func (g *overGRPC) stream(ctx context.Context, req *crossrank.Request, chunk int,
	each func(offset int, part *crossrank.Response) error) error {
	ctx, cancel := context.WithCancel(ctx)
	first := toWire(req)
	stream, err := g.service.StreamScore(ctx)
	if err != nil {
		cancel()
		return g.failure(ctx, err)
	}
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		send(stream, first, chunk)
	}()
	defer func() {
		cancel() // ends a blocked send
		<-sent
	}()
	return g.receive(ctx, stream, req, each)
}

// send sends the pairs in chunks. An error of the stream is left to receive, which gets its status.
func send(stream crossrankv1.RerankService_StreamScoreClient, all *crossrankv1.ScoreRequest, chunk int) {
	in := &crossrankv1.StreamScoreRequest{Options: all.Options, Model: all.Model}
	for pairs := all.Pairs; len(pairs) > 0; pairs = pairs[len(in.Pairs):] {
		in.Pairs = pairs[:min(chunk, len(pairs))]
		if stream.Send(in) != nil {
			return
		}
		in = &crossrankv1.StreamScoreRequest{Pairs: in.Pairs}
	}
	_ = stream.CloseSend()
}

// receive passes on the replies after checking that they match req.
func (g *overGRPC) receive(ctx context.Context, stream crossrankv1.RerankService_StreamScoreClient, req *crossrank.Request,
	each func(offset int, part *crossrank.Response) error) error {
	next := 0
	for {
		out, err := stream.Recv()
		switch {
		case errors.Is(err, io.EOF) && next == len(req.Pairs):
			return nil
		case errors.Is(err, io.EOF):
			return crossrank.Errorf(crossrank.Internal, "%s ended the stream after %d scores for %d pairs",
				g.target, next, len(req.Pairs))
		case err != nil:
			return g.failure(ctx, err)
		}
		n := len(out.GetScores())
		if out.GetOffset() != int64(next) || n == 0 || next+n > len(req.Pairs) {
			return crossrank.Errorf(crossrank.Internal, "%s answered scores of pairs %d to %d where those from %d were due",
				g.target, out.GetOffset(), out.GetOffset()+int64(n), next)
		}
		part := fromWire(out)
		if req.Raw && part.ScoreType != crossrank.Logit {
			return crossrank.Errorf(crossrank.Internal, "%s was asked for raw scores and answered %q", g.target, part.ScoreType)
		}
		if err := each(next, part); err != nil {
			return err
		}
		next += n
	}
}
