package grpcapi

import (
	"context"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/edge"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
)

// keyed sets the caller of a call to the digest of its API key.
func keyed(ctx context.Context) context.Context {
	return crossrank.WithCaller(ctx, edge.Caller(metadata.ValueFromIncomingContext(ctx, "authorization")))
}

// keyedStream is a stream with another context.
type keyedStream struct {
	grpc.ServerStream
	ctx context.Context
}

// Context implements [grpc.ServerStream].
func (s *keyedStream) Context() context.Context { return s.ctx }

// named sets the caller of a call without an API key to its connection.
func named(ctx context.Context) context.Context {
	if crossrank.CallerOf(ctx) != "" {
		return ctx
	}
	if p, ok := peer.FromContext(ctx); ok && p.Addr != nil {
		return crossrank.WithCaller(ctx, p.Addr.String())
	}
	return ctx
}
