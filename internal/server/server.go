// Package server answers rerank requests over gRPC and HTTP until it is stopped.
//
// It owns what the edges (grpcapi and httpapi, which only translate) do not: the listeners, the
// limits of the transports, the deadline of every request, health, and the drain. A drain makes the
// server unready, refuses new requests, gives those in progress time to finish, and ends the rest
// with Unavailable.
//
// [Listen] binds the addresses, so that a port in use is reported before a model is read.
// [Server.Run] serves.
package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/edge"
	"github.com/crossrank/crossrank/internal/framewatch"
	"github.com/crossrank/crossrank/internal/grpcapi"
	"github.com/crossrank/crossrank/internal/trace"
	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
)

// Server is bound to its addresses. Clients that connect before [Server.Run] wait. Use each Server
// once.
type Server struct {
	cfg        Config
	grpcListen net.Listener // nil if not served
	httpListen net.Listener // nil if not served
	admin      net.Listener // nil if there is no admin address

	keys     edge.Keys
	identity *identity // nil without TLS
	files    []*fileReloader

	budget  *edge.Budget                      // of the bytes of all requests in progress
	partial *framewatch.PartialMessageLimiter // of gRPC messages
	pending pendingCalls                      // gRPC calls whose message has not arrived

	tracer *trace.Tracer // nil if tracing is off

	transportLog *transportLog

	draining chan struct{} // closed when the drain starts

	ready  atomic.Bool
	calls  atomic.Int64 // gRPC calls in progress, except health and reflection
	health *health.Server
	models []string // by name, for health
	grpc   *grpc.Server
	http   *http.Server
}

// GRPCAddr is the bound address for gRPC, with the actual port; "" if gRPC is not served.
func (s *Server) GRPCAddr() string { return addr(s.grpcListen) }

// HTTPAddr is the bound address for HTTP, likewise.
func (s *Server) HTTPAddr() string { return addr(s.httpListen) }

// AdminAddr is the bound address for metrics, likewise.
func (s *Server) AdminAddr() string { return addr(s.admin) }

func addr(l net.Listener) string {
	if l == nil {
		return ""
	}
	return l.Addr().String()
}

// Close releases the addresses. After Run it does nothing.
func (s *Server) Close() error {
	var errs []error
	for _, l := range []net.Listener{s.grpcListen, s.httpListen, s.admin} {
		if l == nil {
			continue
		}
		if err := l.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// Run serves b until ctx ends, then drains. It returns nil when every accepted request has been
// answered, possibly with Unavailable at the end of the grace period. It returns an error if a
// listener failed or a request could not be ended; only in the latter case something still runs.
func (s *Server) Run(ctx context.Context, b Backend) error {
	stopped, stop := context.WithCancel(context.Background())
	defer stop()
	var err error
	if s.tracer, err = trace.Open(ctx, trace.Options{Endpoint: s.cfg.OTLPEndpoint, Log: s.cfg.Log}); err != nil {
		return err
	}
	defer s.closeTracer()
	s.models = served(b)
	if b.Fault != nil {
		b.Scorer = refuser{}
	}
	s.assemble(b, stopped)
	s.setReady(b.Fault == nil) // before the first request, which may ask for it

	aside, stopAside := context.WithCancel(context.Background())
	var helpers sync.WaitGroup
	helpers.Go(func() { b.Recorder.Run(aside) })
	helpers.Go(func() { reloadFiles(aside, s.files, s.cfg.lookAgain, s.cfg.Log) })
	defer helpers.Wait()
	defer stopAside()

	var serving sync.WaitGroup
	broken := make(chan error, 3)
	if s.grpcListen != nil {
		serving.Go(func() { broken <- s.grpc.Serve(s.grpcListen) })
	}
	if s.httpListen != nil {
		serving.Go(func() { broken <- s.serveHTTP() })
	}
	if s.admin != nil {
		admin := s.adminServer(b)
		defer admin.Close()
		helpers.Go(func() { broken <- admin.Serve(s.admin) })
	}

	var failure error
	select {
	case <-ctx.Done():
	case err := <-broken:
		failure = fmt.Errorf("serving: %w", err)
	}
	if err := s.drain(stop); err != nil {
		return errors.Join(failure, err) // something still runs; drain has waited for it long enough
	}
	serving.Wait()
	logOutcomes(s.cfg.Log, b.Recorder.Snapshot())
	return failure
}

// refuser is the scorer of a server that may not give scores. The reason is in the log, not for
// callers.
type refuser struct{}

func (refuser) Score(context.Context, *crossrank.Request) (*crossrank.Response, error) {
	return nil, crossrank.Errorf(crossrank.Unavailable, "the server is not ready: its model failed a check; its log has the details")
}

// served lists the names of the models of b.
func served(b Backend) []string {
	if b.Models == nil {
		return []string{b.Info().Model}
	}
	return edge.Names(b.Models())
}

// closeTracer sends the last spans. Losing them does not fail the server.
func (s *Server) closeTracer() {
	if err := s.tracer.Close(); err != nil {
		s.cfg.Log.Warn("tracing", "error", err)
	}
}

func (s *Server) serveHTTP() error {
	if s.identity == nil {
		return s.http.Serve(s.httpListen)
	}
	return s.http.ServeTLS(s.httpListen, "", "")
}

// setReady sets what health checks report over both protocols.
func (s *Server) setReady(ready bool) {
	status := healthpb.HealthCheckResponse_NOT_SERVING
	if ready {
		status = healthpb.HealthCheckResponse_SERVING
	}
	s.ready.Store(ready)
	s.health.SetServingStatus("", status)
	for _, service := range slices.Concat(grpcapi.Services, s.models) {
		s.health.SetServingStatus(service, status)
	}
}
