// Package trace exports OpenTelemetry spans of each request: one span for the request as its caller
// sees it, and below it one for each stage: admission, tokenize, queue, compute, reply.
//
// The core knows nothing of tracing. Interceptors at the edges ([Tracer.HTTP], [Tracer.Unary],
// [Tracer.Stream]) open the span of a request, below the caller's own if it sent a W3C traceparent.
// A decorator of the scorer ([Tracer.Observe]) makes the spans of the stages from the timings in
// every response. Spans are sent in batches, in the background, by OTLP over gRPC. When the
// collector is slow or down they are dropped; requests never wait for it.
//
// Spans contain sizes, times, names of models and codes of errors. They never contain text of a
// query or a document, nor the message of an error, which may quote the request.
//
// Without an endpoint nothing of this runs: [Open] returns a nil [*Tracer], whose methods return
// their arguments.
package trace

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// closeTimeout is the time to send the last spans.
const closeTimeout = 2 * time.Second

// Options says where spans are sent.
type Options struct {
	// Endpoint is the URL of the collector: http://host:4317 without TLS, https:// with TLS. Empty
	// means that of the environment (OTEL_EXPORTER_OTLP_TRACES_ENDPOINT,
	// OTEL_EXPORTER_OTLP_ENDPOINT). If neither is set, tracing is off.
	Endpoint string

	Log *slog.Logger // gets a warning when spans cannot be sent; default slog.Default()
}

// Tracer makes the spans of one server. A nil Tracer makes none. It is safe for concurrent use.
type Tracer struct {
	provider *sdk.TracerProvider
	tracer   oteltrace.Tracer
	from     propagation.TraceContext
}

// Open makes a Tracer, or nil if there is no endpoint. It does not wait for the collector. The
// other environment variables of OpenTelemetry (OTEL_SERVICE_NAME, OTEL_TRACES_SAMPLER,
// OTEL_EXPORTER_OTLP_HEADERS, …) have their usual meaning.
func Open(ctx context.Context, opts Options) (*Tracer, error) {
	if opts.Endpoint == "" && !inEnvironment() {
		return nil, nil
	}
	if opts.Log == nil {
		opts.Log = slog.Default()
	}
	// It is global, because the library has only one for the process.
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { opts.Log.Warn("tracing", "error", err) }))

	var options []otlptracegrpc.Option
	if opts.Endpoint != "" {
		options = append(options, otlptracegrpc.WithEndpointURL(opts.Endpoint))
	}
	exporter, err := otlptracegrpc.New(ctx, options...)
	if err != nil {
		return nil, fmt.Errorf("tracing: %w", err)
	}
	t, err := open(ctx, sdk.WithBatcher(exporter))
	if err != nil {
		return nil, fmt.Errorf("tracing: %w", err)
	}
	return t, nil
}

// open makes a Tracer that sends spans where the option says.
func open(ctx context.Context, to sdk.TracerProviderOption) (*Tracer, error) {
	res, err := resource.New(ctx,
		resource.WithAttributes(attribute.String("service.name", "crossrank")),
		resource.WithTelemetrySDK(),
		resource.WithFromEnv(), // last, so that it overrides the name
	)
	if err != nil {
		return nil, err
	}
	provider := sdk.NewTracerProvider(to, sdk.WithResource(res))
	return &Tracer{provider: provider, tracer: provider.Tracer("github.com/crossrank/crossrank")}, nil
}

// inEnvironment reports whether the environment names a collector.
func inEnvironment() bool {
	if strings.EqualFold(os.Getenv("OTEL_SDK_DISABLED"), "true") || os.Getenv("OTEL_TRACES_EXPORTER") == "none" {
		return false
	}
	return os.Getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") != "" || os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT") != ""
}

// Close sends the remaining spans, for at most two seconds.
func (t *Tracer) Close() error {
	if t == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	if err := t.provider.Shutdown(ctx); err != nil {
		return fmt.Errorf("sending the last spans: %w", err)
	}
	return nil
}
