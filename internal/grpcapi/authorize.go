package grpcapi

import (
	"context"

	"google.golang.org/grpc"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
)

// public are the methods of health probes, which need no key. All other methods need one.
var public = map[string]bool{
	healthpb.Health_Check_FullMethodName: true,
	healthpb.Health_List_FullMethodName:  true,
	healthpb.Health_Watch_FullMethodName: true,
}

// Authorize refuses calls, except for health, whose "authorization" metadata authorize refuses. It
// uses only the log and the callbacks of cfg.
func Authorize(cfg Config, authorize func(headers []string) error) (grpc.UnaryServerInterceptor, grpc.StreamServerInterceptor) {
	check := func(ctx context.Context, method string) error {
		if public[method] {
			return nil
		}
		if err := authorize(metadata.ValueFromIncomingContext(ctx, "authorization")); err != nil {
			return cfg.fail(ctx, err)
		}
		return nil
	}
	unary := func(ctx context.Context, req any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
		if err := check(ctx, info.FullMethod); err != nil {
			return nil, err
		}
		return next(keyed(ctx), req)
	}
	stream := func(srv any, ss grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) error {
		if err := check(ss.Context(), info.FullMethod); err != nil {
			return err
		}
		return next(srv, &keyedStream{ss, keyed(ss.Context())})
	}
	return unary, stream
}
