// Package server answers rerank requests over gRPC and HTTP until it is told to stop.
//
// It owns what the edges (grpcapi and httpapi, which only translate) do not: the listeners, the bounds on what a peer
// can ask of them, every request's deadline, health, and the way to stop: unready at once, no new requests, those under
// way get time to finish, what is then left is ended with Unavailable.
//
// [Listen] binds the addresses, so that a port in use is told before a model is read; [Server.Run] serves.
package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/crossrank/crossrank/internal/grpcapi"
	"github.com/crossrank/crossrank/internal/httpapi"
	"github.com/crossrank/crossrank/internal/metrics"
	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/reflection"
)

// Server is bound to its addresses. Callers that connect before [Server.Run] wait. Use each once.
type Server struct {
	cfg        Config
	grpcListen net.Listener // nil if gRPC is left out
	httpListen net.Listener // nil if HTTP is left out

	ready  atomic.Bool
	calls  atomic.Int64 // gRPC calls under way, streams not among them
	health *health.Server
	grpc   *grpc.Server
	http   *http.Server
}

// Listen binds the addresses. The caller runs the server or closes it.
func Listen(cfg Config) (*Server, error) {
	cfg = cfg.OrDefaults()
	s := &Server{cfg: cfg, health: health.NewServer()}
	if cfg.GRPCAddr == "" && cfg.HTTPAddr == "" {
		return nil, errors.New("a server needs --grpc-addr, --http-addr or both")
	}
	var err error
	if cfg.GRPCAddr != "" {
		if s.grpcListen, err = listen("--grpc-addr", cfg.GRPCAddr, cfg); err != nil {
			return nil, err
		}
	}
	if cfg.HTTPAddr != "" {
		if s.httpListen, err = listen("--http-addr", cfg.HTTPAddr, cfg); err != nil {
			return nil, errors.Join(err, s.Close())
		}
	}
	return s, nil
}

// GRPCAddr is the address that gRPC is bound to, its port never 0; empty if gRPC is left out.
func (s *Server) GRPCAddr() string { return addr(s.grpcListen) }

// HTTPAddr is the address that HTTP is bound to, likewise.
func (s *Server) HTTPAddr() string { return addr(s.httpListen) }

func addr(l net.Listener) string {
	if l == nil {
		return ""
	}
	return l.Addr().String()
}

// Close gives the addresses back. After Run it does nothing.
func (s *Server) Close() error {
	var errs []error
	for _, l := range []net.Listener{s.grpcListen, s.httpListen} {
		if l == nil {
			continue
		}
		if err := l.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// Run serves b until ctx ends, then drains. It returns nil when every request that was taken has been answered, if only
// with Unavailable because the grace was over, and an error when a listener broke or a request could not be ended. Only in
// that last case is anything left running.
func (s *Server) Run(ctx context.Context, b Backend) error {
	stopped, stop := context.WithCancel(context.Background())
	defer stop()
	s.assemble(b, stopped)

	sampling, stopSampling := context.WithCancel(context.Background())
	var sampler sync.WaitGroup
	sampler.Go(func() { b.Recorder.Run(sampling) })
	defer sampler.Wait()
	defer stopSampling()

	var serving sync.WaitGroup
	broken := make(chan error, 2)
	if s.grpcListen != nil {
		serving.Go(func() { broken <- s.grpc.Serve(s.grpcListen) })
	}
	if s.httpListen != nil {
		serving.Go(func() { broken <- s.http.Serve(s.httpListen) })
	}
	s.setReady(true)

	var failure error
	select {
	case <-ctx.Done():
	case err := <-broken:
		failure = fmt.Errorf("serving: %w", err)
	}
	if err := s.drain(stop); err != nil {
		return errors.Join(failure, err) // something still runs, and waiting for it is what drain gave up
	}
	serving.Wait()
	return failure
}

// assemble puts the edges around the scorer. Requests are counted outside the guard, so that they count as what their
// callers are told.
func (s *Server) assemble(b Backend, stopped context.Context) {
	cfg := s.cfg
	scorer := b.Recorder.Observe(&guard{next: b.Scorer, deadline: cfg.Deadline, stopped: stopped})

	s.grpc = grpc.NewServer(
		grpc.MaxConcurrentStreams(uint32(cfg.GRPC.Streams)),
		grpc.MaxRecvMsgSize(cfg.GRPC.MessageBytes),
		grpc.MaxHeaderListSize(uint32(cfg.GRPC.HeaderBytes)),
		grpc.ConnectionTimeout(cfg.GRPC.Handshake),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{
			MinTime:             cfg.GRPC.KeepaliveMin,
			PermitWithoutStream: true,
		}),
		grpc.KeepaliveParams(keepalive.ServerParameters{
			MaxConnectionAge:      cfg.GRPC.ConnectionAge,
			MaxConnectionAgeGrace: time.Minute,
		}),
		grpc.WaitForHandlers(true),
		grpc.ChainUnaryInterceptor(s.countCalls, grpcapi.Recover(cfg.Log)),
	)
	grpcapi.Register(s.grpc, grpcapi.Config{
		Scorer:  scorer,
		Info:    b.Info,
		Models:  b.Models,
		Metrics: func() grpcapi.Metrics { return grpcMetrics(b.Recorder.Snapshot()) },
		Limits:  cfg.Limits,
		Log:     cfg.Log,
	})
	healthpb.RegisterHealthServer(s.grpc, s.health)
	reflection.Register(s.grpc)

	s.http = &http.Server{
		Handler: httpapi.New(httpapi.Config{
			Scorer:    scorer,
			Info:      b.Info,
			Models:    b.Models,
			Ready:     s.ready.Load,
			History:   func(since time.Time) any { return history(b.Recorder, since) },
			Tokenize:  b.Tokenize,
			Limits:    cfg.Limits,
			Deadline:  cfg.Deadline,
			BodyBytes: cfg.HTTP.BodyBytes,
			Capacity: httpapi.Capacity{
				Connections: cfg.Connections,
				BatchTokens: b.BatchTokens,
				Tokenizers:  b.Tokenizers,
			},
			Log: cfg.Log,
		}),
		ReadHeaderTimeout: cfg.HTTP.HeaderTimeout,
		ReadTimeout:       cfg.HTTP.BodyTimeout,
		WriteTimeout:      cfg.HTTP.BodyTimeout + cfg.Deadline + 5*time.Second,
		IdleTimeout:       cfg.HTTP.IdleTimeout,
		MaxHeaderBytes:    cfg.HTTP.HeaderBytes,
		ErrorLog:          slog.NewLogLogger(cfg.Log.Handler(), slog.LevelDebug),
	}
	s.addDashboard(b)
}

// setReady tells health checks, over both protocols, whether requests are taken.
func (s *Server) setReady(ready bool) {
	status := healthpb.HealthCheckResponse_NOT_SERVING
	if ready {
		status = healthpb.HealthCheckResponse_SERVING
	}
	s.ready.Store(ready)
	s.health.SetServingStatus("", status)
	for _, service := range grpcapi.Services {
		s.health.SetServingStatus(service, status)
	}
}

// historyReply is what GET /api/history answers.
type historyReply struct {
	IntervalMS int64            `json:"interval_ms"`
	Samples    []metrics.Sample `json:"samples"`
}

func history(r *metrics.Recorder, since time.Time) historyReply {
	return historyReply{metrics.DefaultInterval.Milliseconds(), r.History(since)}
}

func grpcMetrics(s metrics.Snapshot) grpcapi.Metrics {
	return grpcapi.Metrics{
		Requests:       s.Requests - s.Errors,
		Pairs:          s.Pairs,
		Average:        s.Latency.Mean,
		P50:            s.Latency.P50,
		P95:            s.Latency.P95,
		P99:            s.Latency.P99,
		PairsPerSecond: s.PairsPerSecond,
	}
}
