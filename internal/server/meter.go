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

// memory is how long it takes for what a meter has counted to lose all but 1/e of its weight.
const memory = 5 * time.Second

// meter counts what the server answers, for the load reports that balancing clients read from the trailers of their
// calls. It is safe for concurrent use.
//
// A report (ORCA) holds the pairs scored a second, and as the utilization the number of requests under way on average,
// which is above 1 where requests overlap. Clients take their quotient for the server's weight: pairs for each second
// that a caller waits. A server that is slower, or has a longer queue, weighs less, whatever the cause and whether its
// callers speak gRPC or HTTP. Pairs that failed for the server's fault are reported as errors, which weigh it down too.
type meter struct {
	next crossrank.Scorer

	mu     sync.Mutex
	at     time.Time // when the sums were last faded
	pairs  float64
	failed float64 // pairs
	waited float64 // seconds, of requests that were answered
}

var _ crossrank.Scorer = (*meter)(nil)

// Score implements [crossrank.Scorer].
func (m *meter) Score(ctx context.Context, req *crossrank.Request) (*crossrank.Response, error) {
	started := time.Now()
	resp, err := m.next.Score(ctx, req)
	now := time.Now()
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fade(now)
	switch crossrank.CodeOf(err) {
	case crossrank.OK:
		m.pairs += float64(len(req.Pairs))
		m.waited += now.Sub(started).Seconds()
	case crossrank.Overloaded, crossrank.Unavailable, crossrank.Internal:
		m.failed += float64(len(req.Pairs))
	}
	return resp, err
}

func (m *meter) fade(now time.Time) {
	keep := math.Exp(-now.Sub(m.at).Seconds() / memory.Seconds())
	m.at = now
	m.pairs, m.failed, m.waited = m.pairs*keep, m.failed*keep, m.waited*keep
}

// rates gives pairs and failed pairs a second, and requests under way on average.
func (m *meter) rates() (pairs, failed, busy float64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fade(time.Now())
	return m.pairs / memory.Seconds(), m.failed / memory.Seconds(), m.waited / memory.Seconds()
}

// report puts the load into the trailer of every call. It belongs inside orca's own interceptor.
func (m *meter) report(ctx context.Context, req any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	resp, err := next(ctx, req)
	m.tell(ctx)
	return resp, err
}

// reportStream does so at the end of a stream.
func (m *meter) reportStream(srv any, ss grpc.ServerStream, _ *grpc.StreamServerInfo, next grpc.StreamHandler) error {
	err := next(srv, ss)
	m.tell(ss.Context())
	return err
}

func (m *meter) tell(ctx context.Context) {
	if pairs, failed, busy := m.rates(); pairs > 0 && busy > 0 {
		if r := orca.CallMetricsRecorderFromContext(ctx); r != nil {
			r.SetQPS(pairs)
			r.SetEPS(failed)
			r.SetApplicationUtilization(busy)
		}
	}
}
