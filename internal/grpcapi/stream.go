package grpcapi

import (
	"context"
	"errors"
	"io"
	"runtime/debug"
	"sync"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/edge"
	crossrankv1 "github.com/crossrank/crossrank/proto/crossrank/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// ahead is the number of chunks of a stream that are scored concurrently. Two keep a server busy
// with chunks of equal length, and a few more with chunks of any length, without giving one stream
// much of the queue.
const ahead = 4

var errDraining = crossrank.Errorf(crossrank.Unavailable,
	"the server stops and accepts no more of this stream; continue with another server")

// chunk is a message of a stream that is being scored.
type chunk struct {
	offset int64
	pairs  int
	done   chan struct{} // closed once resp or err is set
	resp   *crossrank.Response
	err    error
}

// StreamScore answers every chunk with its scores, in order.
func (s *rerankService) StreamScore(stream crossrankv1.RerankService_StreamScoreServer) error {
	ctx, cancel := context.WithCancel(stream.Context())
	st := &streamed{service: s, first: &crossrankv1.StreamScoreRequest{}}
	err := st.run(ctx, stream)
	cancel()
	st.scoring.Wait()
	if _, ofGRPC := status.FromError(err); err == nil || ofGRPC {
		return err // already a status of grpc
	}
	return s.cfg.fail(stream.Context(), err)
}

// streamed is the state of a stream. The goroutine of its handler owns it.
type streamed struct {
	service *rerankService
	first   *crossrankv1.StreamScoreRequest // without its pairs; empty before it arrives
	begun   bool
	next    int64    // the offset of the next chunk
	waiting []*chunk // in order
	scoring sync.WaitGroup
}

// message is what was received from the caller.
type message struct {
	in  *crossrankv1.StreamScoreRequest
	err error // io.EOF when the caller is done
}

// run reads and answers until the caller is done, or something fails.
func (st *streamed) run(ctx context.Context, stream crossrankv1.RerankService_StreamScoreServer) error {
	messages := make(chan message)
	// It ends when the handler returns, because grpc then cancels the context of the stream.
	// Nothing can end a read earlier.
	go read(ctx, stream, messages)

	draining := st.service.cfg.Draining
	var over error // why reading ended: io.EOF or errDraining
	for {
		var in <-chan message
		if over == nil && len(st.waiting) < ahead {
			in = messages
		}
		var head <-chan struct{}
		if len(st.waiting) > 0 {
			head = st.waiting[0].done
		} else if over != nil {
			break
		}
		select {
		case m := <-in:
			if errors.Is(m.err, io.EOF) {
				over = m.err
			} else if m.err != nil {
				return m.err
			} else if err := st.start(ctx, m.in); err != nil {
				return err
			}
		case <-head:
			if err := st.answer(stream); err != nil {
				return err
			}
		case <-draining:
			draining = nil
			if over == nil {
				over = errDraining
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if over == io.EOF {
		return nil
	}
	return over
}

// read passes on what the caller sends, one message ahead.
func read(ctx context.Context, stream crossrankv1.RerankService_StreamScoreServer, to chan<- message) {
	for {
		in, err := stream.Recv()
		select {
		case to <- message{in, err}:
		case <-ctx.Done():
			return
		}
		if err != nil {
			return
		}
	}
}

// start starts to score a chunk.
func (st *streamed) start(ctx context.Context, in *crossrankv1.StreamScoreRequest) error {
	switch {
	case !st.begun:
		st.begun = true
		st.first.Options, st.first.Model = in.GetOptions(), in.GetModel()
	case in.GetModel() != "" && in.GetModel() != st.first.GetModel(),
		in.Options != nil && !proto.Equal(in.Options, st.first.Options):
		return crossrank.Errorf(crossrank.InvalidArgument, "model and options are those of the stream's first message; "+
			"leave them out of later ones, or open another stream")
	}
	if err := st.service.cfg.Limits.CheckCount(len(in.GetPairs())); err != nil {
		return err
	}
	req, err := request(st.first.GetOptions(), in.GetPairs())
	if err != nil {
		return err
	}
	held := st.service.cfg.Budget.Reserve()
	if err := held.Grow(int64(proto.Size(in))); err != nil {
		return err
	}
	c := &chunk{offset: st.next, pairs: len(req.Pairs), done: make(chan struct{})}
	st.next += int64(c.pairs)
	st.waiting = append(st.waiting, c)
	st.scoring.Go(func() {
		defer close(c.done)
		defer held.Release()
		defer func() {
			if p := recover(); p != nil {
				c.resp, c.err = nil, &edge.Panic{Value: p, Stack: debug.Stack()}
			}
		}()
		c.resp, c.err = st.service.cfg.score(ctx, st.first.GetModel(), req)
	})
	return nil
}

// answer sends the scores of the first waiting chunk, which must be done.
func (st *streamed) answer(stream crossrankv1.RerankService_StreamScoreServer) error {
	c := st.waiting[0]
	st.waiting = st.waiting[1:]
	if c.err != nil {
		return c.err
	}
	return stream.Send(&crossrankv1.StreamScoreResponse{
		Offset:    c.offset,
		Scores:    c.resp.Scores,
		ScoreType: string(c.resp.ScoreType),
		Model:     c.resp.Model,
		Usage:     usage(c.resp.Usage),
		Timing:    timing(c.resp.Timing),
		Truncated: truncated(c.resp),
	})
}

// RecoverStream is [Recover] for streams.
func RecoverStream(cfg Config) grpc.StreamServerInterceptor {
	return func(srv any, ss grpc.ServerStream, _ *grpc.StreamServerInfo, next grpc.StreamHandler) (err error) {
		defer func() {
			if p := recover(); p != nil {
				err = cfg.fail(ss.Context(), &edge.Panic{Value: p, Stack: debug.Stack()})
			}
		}()
		return next(srv, ss)
	}
}
