package server

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/edge"
	"github.com/crossrank/crossrank/internal/grpcapi"
	"github.com/crossrank/crossrank/internal/httpapi"
	"github.com/crossrank/crossrank/internal/metrics"
	"github.com/crossrank/crossrank/internal/state"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/orca"
	"google.golang.org/grpc/reflection"
)

// assemble builds the gRPC and HTTP servers around the scorer. Metrics are counted outside the
// deadline, so that a request counts as what its caller gets.
func (s *Server) assemble(b Backend, stopped context.Context) {
	load := &loadReporter{next: withDeadline(b.Scorer, s.cfg.Deadline, stopped)}
	scorer := s.tracer.Observe(b.Recorder.Observe(load))
	var authorize func(headers []string) error
	if s.cfg.needsKey() {
		authorize = s.keys.Authorize
	}
	calls := grpcapi.Config{
		Scorer:  scorer,
		Info:    b.Info,
		Models:  b.Models,
		Resolve: b.Resolve,
		Metrics: func() grpcapi.Metrics { return grpcMetrics(b.Recorder.Snapshot()) },
		Limits:  s.cfg.Limits,
		Budget:  s.budget,
		Refused: func(code crossrank.Code) { b.Recorder.Refused(metrics.GRPC, code) },
		Failed:  s.tracer.Failed,

		Draining: s.draining,
		Log:      s.cfg.Log,
	}
	s.grpc = grpc.NewServer(s.grpcOptions(load, calls, authorize)...)
	grpcapi.Register(s.grpc, calls)
	healthpb.RegisterHealthServer(s.grpc, s.health)
	reflection.Register(s.grpc)

	api := httpapi.New(httpapi.Config{
		Scorer:    scorer,
		Info:      b.Info,
		Models:    b.Models,
		Resolve:   b.Resolve,
		Ready:     s.ready.Load,
		History:   func(since time.Time, step time.Duration) any { return history(b.Recorder, since, step) },
		Authorize: authorize,
		Tokenize:  b.Tokenize,
		Deadline:  s.cfg.Deadline,
		Limits:    s.cfg.Limits,
		BodyBytes: s.cfg.HTTP.BodyBytes,
		Budget:    s.budget,
		Refused:   func(code crossrank.Code) { b.Recorder.Refused(metrics.HTTP, code) },
		Failed:    s.tracer.Failed,
		Capacity: httpapi.Capacity{
			Connections: s.cfg.Connections,
			BatchTokens: b.BatchTokens,
			Tokenizers:  b.Tokenizers,
		},
		Log: s.cfg.Log,
	})
	traced := s.tracer.HTTP(api, api.Route)
	s.http = s.httpServer(traced)
	s.addDashboard(b)
	if authorize != nil {
		s.http.Handler = browserLogin(requireKey(traced, s.http.Handler, authorize))
	}
}

// requireKey sends requests without a valid key straight to the API, which answers health probes
// and refuses the rest in its own dialects. They reach nothing of rest, such as the dashboard.
func requireKey(api, rest http.Handler, authorize func(headers []string) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if authorize(edge.Authorization(r.Header)) != nil {
			api.ServeHTTP(w, r)
			return
		}
		rest.ServeHTTP(w, r)
	})
}

// grpcOptions are the limits of the gRPC transport and the interceptors of every call.
func (s *Server) grpcOptions(load *loadReporter, calls grpcapi.Config, authorize func(headers []string) error) []grpc.ServerOption {
	cfg := s.cfg.GRPC
	unary := []grpc.UnaryServerInterceptor{load.reportCall, s.countCalls, grpcapi.Recover(calls)}
	stream := []grpc.StreamServerInterceptor{load.reportStream, s.countStreams, grpcapi.RecoverStream(calls)}
	if s.tracer != nil {
		unary = slices.Insert(unary, 0, s.tracer.Unary(grpcapi.Ours))
		stream = slices.Insert(stream, 0, s.tracer.Stream(grpcapi.Ours))
	}
	options := []grpc.ServerOption{
		orca.CallMetricsServerOption(nil), // first: its interceptor is the outermost
		grpc.MaxConcurrentStreams(uint32(cfg.Streams)),
		grpc.MaxRecvMsgSize(cfg.MessageBytes),
		grpcapi.Codec(s.cfg.Limits),
		grpc.MaxHeaderListSize(uint32(cfg.HeaderBytes)),
		grpc.ConnectionTimeout(cfg.Handshake),
		grpc.InTapHandle(s.awaitMessage),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{
			MinTime:             cfg.KeepaliveMin,
			PermitWithoutStream: true,
		}),
		grpc.KeepaliveParams(keepalive.ServerParameters{
			MaxConnectionIdle:     s.cfg.grpcIdle, // else silent peers would occupy connections for ever
			MaxConnectionAge:      cfg.ConnectionAge,
			MaxConnectionAgeGrace: time.Minute,
		}),
		grpc.WaitForHandlers(true),
	}
	if authorize != nil {
		one, many := grpcapi.Authorize(calls, authorize)
		unary, stream = append(unary, one), append(stream, many)
	}
	unary = append(unary, grpcapi.Hold(calls))
	creds := insecure.NewCredentials()
	if s.identity != nil {
		creds = credentials.NewTLS(s.identity.config("h2"))
	}
	return append(options, grpc.Creds(s.partial.Credentials(creds)), grpc.ChainUnaryInterceptor(unary...), grpc.ChainStreamInterceptor(stream...))
}

// httpServer is the HTTP transport with its limits.
func (s *Server) httpServer(handler http.Handler) *http.Server {
	cfg := s.cfg.HTTP
	server := &http.Server{
		Handler:           closeAfterChunks(handler),
		ReadHeaderTimeout: cfg.HeaderTimeout,
		ReadTimeout:       cfg.BodyTimeout,
		WriteTimeout:      cfg.BodyTimeout + s.cfg.Deadline + s.cfg.replyTime,
		IdleTimeout:       cfg.IdleTimeout,
		MaxHeaderBytes:    cfg.HeaderBytes,
		HTTP2:             &http.HTTP2Config{MaxConcurrentStreams: cfg.Streams},
		ErrorLog:          s.transportLog.httpErrors(),
	}
	if s.identity != nil {
		server.TLSConfig = s.identity.config("h2", "http/1.1")
	}
	return server
}

// closeAfterChunks closes the connection after a chunked request over HTTP/1.1. Such a request may
// also have had a Content-Length, which net/http ignores. A proxy that uses it would disagree with
// the server about where the next request starts; RFC 9112, section 6.1, requires closing.
func closeAfterChunks(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(r.TransferEncoding) > 0 && r.ProtoMajor == 1 {
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, r)
	})
}

// historyReply is the reply to GET /api/history.
type historyReply struct {
	IntervalMS int64          `json:"interval_ms"`
	Samples    []state.Sample `json:"samples"`
}

func history(r *metrics.Recorder, since time.Time, step time.Duration) historyReply {
	samples, interval := r.HistoryBy(since, step)
	return historyReply{interval.Milliseconds(), samples}
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
