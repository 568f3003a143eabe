package grpcapi

import (
	"context"
	"runtime"
	"sync"

	"github.com/crossrank/crossrank/internal/edge"
	"google.golang.org/grpc"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/proto"
)

// Hold reserves the bytes of a request in cfg.Budget until it is answered, and then those of its
// reply until grpc has written it, which takes as long as its reader likes. What does not fit is
// refused. (A stream does so for each of its messages; its replies are small.) It must be the
// innermost interceptor, beside [Codec]. It runs when the message is complete; package framewatch
// limits incomplete ones. Health checks are answered while the budget is full.
func Hold(cfg Config) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, req any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
		if m, ok := req.(proto.Message); ok && !Ours(info.FullMethod) && small(proto.Size(m)) {
			return next(ctx, req)
		}
		held := cfg.Budget.Reserve()
		handedOver := false
		defer func() {
			if !handedOver {
				held.Release()
			}
		}()
		if m, ok := req.(proto.Message); ok {
			if err := held.Grow(int64(proto.Size(m))); err != nil {
				return nil, cfg.fail(ctx, err)
			}
		}
		resp, err := next(ctx, req)
		reply, ok := resp.(proto.Message)
		if err != nil || !ok {
			return resp, err
		}
		size := proto.Size(reply)
		if small(size) {
			return reply, nil
		}
		if err := held.Resize(int64(size)); err != nil {
			return nil, cfg.fail(ctx, edge.AfterScoring(err))
		}
		handedOver = true
		return newHeldReply(reply, held), nil
	}
}

// small reports whether a message costs no more than its call. grpc does not report when the buffer
// of a small one is free.
func small(bytes int) bool { return mem.IsBelowBufferPoolingThreshold(bytes) }

// heldReply is a reply on its way to the codec, with its reservation.
type heldReply struct {
	message proto.Message
	release func()
	lost    runtime.Cleanup // releases a reply that never gets to the codec
}

func newHeldReply(message proto.Message, held *edge.Reservation) *heldReply {
	h := &heldReply{message: message, release: sync.OnceFunc(held.Release)}
	h.lost = runtime.AddCleanup(h, callRelease, h.release)
	return h
}

// encode gives the bytes of the reply. Their reservation ends when grpc frees the buffer.
func (h *heldReply) encode() (mem.BufferSlice, error) {
	h.lost.Stop()
	text, err := proto.Marshal(h.message)
	if err != nil {
		h.release()
		return nil, err
	}
	data := &text
	runtime.AddCleanup(data, callRelease, h.release) // grpc does not free all buffers of closed connections
	return mem.BufferSlice{mem.NewBuffer(data, releasePool(h.release))}, nil
}

func callRelease(release func()) { release() }

// releasePool is a pool of buffers that keeps none, and only notes that one is free.
type releasePool func()

// Get implements [mem.BufferPool]. It is not called.
func (releasePool) Get(length int) *[]byte {
	text := make([]byte, length)
	return &text
}

// Put implements [mem.BufferPool].
func (p releasePool) Put(*[]byte) { p() }
