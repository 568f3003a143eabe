package trace

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/crossrank/crossrank"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// call is a request in progress. A stream scores several times in one call, sometimes concurrently.
type call struct {
	span    oteltrace.Span
	arrived time.Time
	scored  sync.Once    // at the first request to the scorer
	done    atomic.Int64 // when the scorer last answered, Unix nanoseconds; 0 if it has not
}

type callKey struct{}

// begin opens the span of a request, below the one that carrier names, if any.
func (t *Tracer) begin(ctx context.Context, name string, carrier carrier, attrs ...attribute.KeyValue) (context.Context, *call) {
	c := &call{arrived: time.Now()}
	ctx, c.span = t.tracer.Start(t.from.Extract(ctx, carrier), name, oteltrace.WithSpanKind(oteltrace.SpanKindServer),
		oteltrace.WithTimestamp(c.arrived), oteltrace.WithAttributes(attrs...))
	return context.WithValue(ctx, callKey{}, c), c
}

// end closes the span, and the stage of the reply if there was one.
func (t *Tracer) end(ctx context.Context, c *call) {
	now := time.Now()
	if done := c.done.Load(); done != 0 {
		t.stage(ctx, "reply", time.Unix(0, done), now)
	}
	c.span.End(oteltrace.WithTimestamp(now))
}

func (t *Tracer) stage(ctx context.Context, name string, from, to time.Time, attrs ...attribute.KeyValue) {
	_, span := t.tracer.Start(ctx, name, oteltrace.WithTimestamp(from), oteltrace.WithAttributes(attrs...))
	span.End(oteltrace.WithTimestamp(to))
}

// Failed marks the span of the request of ctx as failed.
func (t *Tracer) Failed(ctx context.Context, id string, code crossrank.Code) {
	if t == nil {
		return
	}
	if c, ok := ctx.Value(callKey{}).(*call); ok {
		c.span.SetAttributes(attribute.String("crossrank.code", string(code)), attribute.String("crossrank.request_id", id))
		c.span.SetStatus(codes.Error, string(code))
	}
}

// Observe makes the spans of the stages of every request to s.
func (t *Tracer) Observe(s crossrank.Scorer) crossrank.Scorer {
	if t == nil {
		return s
	}
	return &observed{next: s, tracer: t}
}

type observed struct {
	next   crossrank.Scorer
	tracer *Tracer
}

var _ crossrank.Scorer = (*observed)(nil)

// Score implements [crossrank.Scorer].
func (o *observed) Score(ctx context.Context, req *crossrank.Request) (*crossrank.Response, error) {
	c, ok := ctx.Value(callKey{}).(*call)
	if !ok || !c.span.IsRecording() {
		return o.next.Score(ctx, req)
	}
	asked := time.Now()
	c.scored.Do(func() { o.tracer.stage(ctx, "admission", c.arrived, asked) })
	resp, err := o.next.Score(ctx, req)
	now := time.Now()
	c.done.Store(now.UnixNano())
	if err != nil {
		// An error has no timings; the span shows the time until it.
		o.tracer.stage(ctx, "score", asked, now, attribute.String("crossrank.code", string(crossrank.CodeOf(err))),
			attribute.Int("crossrank.pairs", len(req.Pairs)))
		return nil, err
	}
	o.tracer.stages(ctx, asked, req, resp)
	return resp, nil
}

// stages makes the spans of an answer. A request is tokenized as it arrives, then waits, then is
// computed; a stage that it did not go through has no span.
func (t *Tracer) stages(ctx context.Context, at time.Time, req *crossrank.Request, resp *crossrank.Response) {
	attrs := []attribute.KeyValue{
		attribute.String("crossrank.model", resp.Model),
		attribute.Int("crossrank.pairs", len(req.Pairs)),
		attribute.Int("crossrank.tokens", resp.Usage.Tokens),
	}
	times := resp.Timing
	for _, stage := range []struct {
		name string
		took time.Duration
	}{{"tokenize", times.Tokenize}, {"queue", times.Queue}, {"compute", times.Compute}} {
		if stage.took > 0 {
			t.stage(ctx, stage.name, at, at.Add(stage.took), attrs...)
		}
		at = at.Add(stage.took)
	}
}
