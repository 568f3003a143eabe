package client

import (
	"context"
	"net/http"

	"github.com/crossrank/crossrank"
	"google.golang.org/grpc"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
)

// Live returns nil if the server's process answers, even if it does not accept requests, as while
// it loads its models or drains. It asks GET /livez, or gRPC's health service. Servers answer
// without an API key.
func (c *Client) Live(ctx context.Context) error { return c.transport.probe(ctx, false) }

// Ready returns nil if the server accepts requests now. It asks GET /readyz, or gRPC's health
// service for the whole server.
func (c *Client) Ready(ctx context.Context) error { return c.transport.probe(ctx, true) }

func (h *overHTTP) probe(ctx context.Context, ready bool) error {
	path := "/livez"
	if ready {
		path = "/readyz"
	}
	_, _, err := h.exchange(ctx, http.MethodGet, path, nil)
	return err
}

func (g *overGRPC) probe(ctx context.Context, ready bool) error {
	return checkHealth(ctx, g.target, g.conn, ready)
}

func (s *overInference) probe(ctx context.Context, ready bool) error {
	return checkHealth(ctx, s.target, s.conn, ready)
}

func (t *thirdParty) probe(context.Context, bool) error {
	return crossrank.Errorf(crossrank.InvalidArgument, "%s: the dialect %s has no probes; use the dialect crossrank", t.http.base, t.dialect)
}

// checkHealth asks gRPC's health service. Any answer shows that the server is alive.
func checkHealth(ctx context.Context, target string, conn grpc.ClientConnInterface, ready bool) error {
	out, err := healthpb.NewHealthClient(conn).Check(ctx, &healthpb.HealthCheckRequest{})
	if err != nil {
		return grpcFailure(ctx, target, err)
	}
	if ready && out.GetStatus() != healthpb.HealthCheckResponse_SERVING {
		return crossrank.Errorf(crossrank.Unavailable, "%s does not accept requests now", target)
	}
	return nil
}
