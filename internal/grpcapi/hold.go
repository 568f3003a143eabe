package grpcapi

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
)

// Hold takes a request's bytes from the budget of cfg until it is answered, and refuses it where there is no room. (A
// stream does so with each of its messages.) It sees requests once they were read whole; what is still being read is for the
// server around it to bound.
func Hold(cfg Config) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, req any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
		share := cfg.Budget.Share()
		defer share.Release()
		if m, ok := req.(proto.Message); ok {
			if err := share.Take(int64(proto.Size(m))); err != nil {
				return nil, cfg.fail(ctx, err)
			}
		}
		return next(ctx, req)
	}
}
