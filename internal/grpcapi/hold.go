package grpcapi

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
)

// Hold reserves the bytes of a request in cfg.Budget until it is answered, and refuses a request that
// does not fit. (A stream does so for each of its messages.) It runs when the message is complete;
// package framewatch limits incomplete ones.
func Hold(cfg Config) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, req any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
		held := cfg.Budget.Reserve()
		defer held.Release()
		if m, ok := req.(proto.Message); ok {
			if err := held.Grow(int64(proto.Size(m))); err != nil {
				return nil, cfg.fail(ctx, err)
			}
		}
		return next(ctx, req)
	}
}
