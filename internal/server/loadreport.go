package server

import (
	"context"
	"math"
	"sync"
	"time"

	"github.com/crossrank/crossrank"
	"google.golang.org/grpc"
	"google.golang.org/grpc/orca"
)

// loadWindow is the time constant of the decay: after it, a count has 1/e of its weight.
const loadWindow = 5 * time.Second

// loadReporter measures the server's load and reports it to balancing clients, in the trailers of
// their calls. It is safe for concurrent use.
//
// A report (ORCA) has the pairs scored per second and, as the utilization, the average number of
// requests in progress, which is above 1 where requests overlap. Clients divide the two to get the
// server's weight: pairs per second that a caller waits. A server that is slower or has a longer
// queue weighs less, whatever the cause and whether its callers use gRPC or HTTP. Pairs that failed
// through the server's fault are reported as errors, which lowers the weight too.
type loadReporter struct {
	next crossrank.Scorer

	mu      sync.Mutex
	decayed time.Time // when the sums last decayed
	pairs   float64
	failed  float64 // pairs
	waited  float64 // seconds, of answered requests
}

// Score implements [crossrank.Scorer].
func (l *loadReporter) Score(ctx context.Context, req *crossrank.Request) (*crossrank.Response, error) {
	started := time.Now()
	resp, err := l.next.Score(ctx, req)
	now := time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.decay(now)
	switch crossrank.CodeOf(err) {
	case crossrank.OK:
		l.pairs += float64(len(req.Pairs))
		l.waited += now.Sub(started).Seconds()
	case crossrank.Overloaded, crossrank.Unavailable, crossrank.Internal:
		l.failed += float64(len(req.Pairs))
	}
	return resp, err
}

func (l *loadReporter) decay(now time.Time) {
	keep := math.Exp(-now.Sub(l.decayed).Seconds() / loadWindow.Seconds())
	l.decayed = now
	l.pairs, l.failed, l.waited = l.pairs*keep, l.failed*keep, l.waited*keep
}

// rates returns pairs and failed pairs per second, and the average number of requests in progress.
func (l *loadReporter) rates() (pairs, failed, busy float64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.decay(time.Now())
	return l.pairs / loadWindow.Seconds(), l.failed / loadWindow.Seconds(), l.waited / loadWindow.Seconds()
}

// reportCall is an interceptor that puts the load into the trailer of every call. It must run
// inside that of orca.
func (l *loadReporter) reportCall(ctx context.Context, req any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	resp, err := next(ctx, req)
	l.report(ctx)
	return resp, err
}

// reportStream does the same at the end of a stream.
func (l *loadReporter) reportStream(srv any, ss grpc.ServerStream, _ *grpc.StreamServerInfo, next grpc.StreamHandler) error {
	err := next(srv, ss)
	l.report(ss.Context())
	return err
}

func (l *loadReporter) report(ctx context.Context) {
	if pairs, failed, busy := l.rates(); pairs > 0 && busy > 0 {
		if r := orca.CallMetricsRecorderFromContext(ctx); r != nil {
			r.SetQPS(pairs)
			r.SetEPS(failed)
			r.SetApplicationUtilization(busy)
		}
	}
}
