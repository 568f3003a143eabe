// Package trace tells OpenTelemetry what became of each request: one span for the request as its caller sees it, and
// below it one for each stage that it went through: admission, tokenize, queue, compute, reply.
//
// The core knows nothing of it. Interceptors at the edges ([Tracer.HTTP], [Tracer.Unary], [Tracer.Stream]) open the
// request's span, under the caller's own if it sent a W3C traceparent, and a decorator around the scorer
// ([Tracer.Observe]) makes the stages from the times that every answer tells anyway. Spans go out in batches, in the
// background, by OTLP over gRPC; when the collector is slow or gone they are dropped, and no request waits.
//
// A span holds sizes, times, names of models and codes of errors. It never holds text of a query or a document, nor the
// message of an error, which may quote its caller.
//
// Nothing of this runs unless an endpoint is named: [Open] then gives a nil [*Tracer], whose methods hand back what they
// were given.
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

// farewell is how long the last spans may take to be sent.
const farewell = 2 * time.Second

// Options say where spans go.
type Options struct {
	// Endpoint is the collector's URL: http://host:4317 in the clear, https:// with TLS. Empty means that of the
	// environment (OTEL_EXPORTER_OTLP_TRACES_ENDPOINT, OTEL_EXPORTER_OTLP_ENDPOINT). If neither is set, nothing is traced.
	Endpoint string

	Log *slog.Logger // told when spans cannot be sent; default slog.Default()
}

// Tracer makes the spans of one server. A nil Tracer makes none. It is safe for concurrent use.
type Tracer struct {
	provider *sdk.TracerProvider
	tracer   oteltrace.Tracer
	from     propagation.TraceContext
}

// Open makes a Tracer, or nil where no endpoint is named. It does not wait for the collector. The other variables of
// OpenTelemetry (OTEL_SERVICE_NAME, OTEL_TRACES_SAMPLER, OTEL_EXPORTER_OTLP_HEADERS, …) mean what they always do.
func Open(ctx context.Context, opts Options) (*Tracer, error) {
	if opts.Endpoint == "" && !inEnvironment() {
		return nil, nil
	}
	if opts.Log == nil {
		opts.Log = slog.Default()
	}
	// Of the process, as the library has only one place for it.
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

// open makes a Tracer whose spans go where the option says.
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

// inEnvironment tells whether the environment asks for traces.
func inEnvironment() bool {
	if strings.EqualFold(os.Getenv("OTEL_SDK_DISABLED"), "true") || os.Getenv("OTEL_TRACES_EXPORTER") == "none" {
		return false
	}
	return os.Getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") != "" || os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT") != ""
}

// Close sends the spans that are left, or gives them up after two seconds.
func (t *Tracer) Close() error {
	if t == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), farewell)
	defer cancel()
	if err := t.provider.Shutdown(ctx); err != nil {
		return fmt.Errorf("sending the last spans: %w", err)
	}
	return nil
}
