package trace

import (
	"context"
	"net/http"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/propagation"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
)

// carrier is where a caller's traceparent and tracestate are.
type carrier = propagation.TextMapCarrier

// HTTP opens a span for every request that route names, such as "/rerank". Others, such as probes
// and pages, are not traced.
func (t *Tracer) HTTP(next http.Handler, route func(*http.Request) string) http.Handler {
	if t == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := route(r)
		if name == "" {
			next.ServeHTTP(w, r)
			return
		}
		ctx, c := t.begin(r.Context(), r.Method+" "+name, propagation.HeaderCarrier(r.Header),
			attribute.String("http.request.method", r.Method), attribute.String("http.route", name))
		defer t.end(ctx, c)
		seen := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(seen, r.WithContext(ctx))
		c.span.SetAttributes(attribute.Int("http.response.status_code", seen.status))
	})
}

// statusWriter remembers the status of a reply.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap is for [http.ResponseController].
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Unary opens a span for every call whose method, such as "/a.Service/Score", is traced. It must be
// outside of every interceptor that may refuse the call.
func (t *Tracer) Unary(traced func(method string) bool) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, req any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
		if !traced(info.FullMethod) {
			return next(ctx, req)
		}
		ctx, c := t.beginRPC(ctx, info.FullMethod)
		defer t.end(ctx, c)
		return next(ctx, req)
	}
}

// Stream does the same for streams, with one span per stream.
func (t *Tracer) Stream(traced func(method string) bool) grpc.StreamServerInterceptor {
	return func(srv any, ss grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) error {
		if !traced(info.FullMethod) {
			return next(srv, ss)
		}
		ctx, c := t.beginRPC(ss.Context(), info.FullMethod)
		defer t.end(ctx, c)
		return next(srv, &streamIn{ss, ctx})
	}
}

// streamIn is a stream with another context.
type streamIn struct {
	grpc.ServerStream
	ctx context.Context
}

func (s *streamIn) Context() context.Context { return s.ctx }

func (t *Tracer) beginRPC(ctx context.Context, method string) (context.Context, *call) {
	md, _ := metadata.FromIncomingContext(ctx)
	name := strings.TrimPrefix(method, "/")
	service, short, _ := strings.Cut(name, "/")
	return t.begin(ctx, name, metadataCarrier(md), attribute.String("rpc.system", "grpc"),
		attribute.String("rpc.service", service), attribute.String("rpc.method", short))
}

// metadataCarrier reads a call's metadata, whose keys are in lower case.
type metadataCarrier metadata.MD

var _ propagation.ValuesGetter = metadataCarrier(nil)

func (m metadataCarrier) Get(key string) string {
	if values := m.Values(key); len(values) > 0 {
		return values[0]
	}
	return ""
}

func (m metadataCarrier) Values(key string) []string { return m[strings.ToLower(key)] }

func (m metadataCarrier) Set(key, value string) { metadata.MD(m).Set(key, value) }

func (m metadataCarrier) Keys() []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	return keys
}
