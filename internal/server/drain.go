package server

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/crossrank/crossrank/internal/grpcapi"
	"github.com/crossrank/crossrank/internal/metrics"
	"google.golang.org/grpc"
)

const (
	// lastCalls is the time for gRPC clients to notice that the server stops. Calls that arrive
	// meanwhile are accepted.
	lastCalls = time.Second

	// endTimeout is the time for requests to answer after they were canceled.
	endTimeout = 2 * lastCalls
)

// drain stops the server. It makes the server unready, accepts nothing new, waits for requests in
// progress up to the grace period, calls stop to cancel the rest, and returns when nothing runs any
// more. It gives up on a request that does not end even then.
func (s *Server) drain(stop context.CancelFunc) error {
	s.setReady(false)
	close(s.draining)
	s.cfg.Log.Info("draining", "grace", s.cfg.DrainGrace.String())

	graceful, giveUp := context.WithCancel(context.Background())
	defer giveUp()
	done := make(chan struct{})
	go func() {
		defer close(done)
		httpDone := make(chan struct{})
		go func() {
			defer close(httpDone)
			_ = s.http.Shutdown(graceful) // its error is the end of graceful, handled below
		}()
		s.stopGRPC()
		<-httpDone
	}()

	select {
	case <-done:
		return nil
	case <-time.After(s.cfg.DrainGrace):
	}
	s.cfg.Log.Warn("grace period over, canceling the remaining requests")
	stop()
	select {
	case <-done:
		return nil
	case <-time.After(endTimeout):
	}
	giveUp()
	_ = s.http.Close() // connections that peers hold open
	go s.grpc.Stop()   // waits for its handlers, which may never return
	select {
	case <-done:
		return nil
	case <-time.After(endTimeout):
		return errors.New("stopping: some requests did not end after they were canceled")
	}
}

// logOutcomes logs how the requests that reached the scorer ended, by code. Metrics are no longer
// served at this point, so this is the last chance to compare them with callers' counts.
func logOutcomes(log *slog.Logger, counts metrics.Snapshot) {
	var requests []any
	for _, code := range slices.Sorted(maps.Keys(counts.Codes)) {
		if n := counts.Codes[code]; n > 0 {
			requests = append(requests, slog.Int64(string(code), n))
		}
	}
	log.Info("stopped", slog.Group("requests", requests...))
}

// stopGRPC returns when all calls have ended. It does not wait for streams of health checks and
// reflection, which last as long as their clients want.
func (s *Server) stopGRPC() {
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		s.grpc.GracefulStop()
	}()
	tick := time.NewTicker(lastCalls)
	defer tick.Stop()
	for {
		select {
		case <-stopped:
			return
		case <-tick.C:
			if s.calls.Load() == 0 {
				s.grpc.Stop()
				<-stopped
				return
			}
		}
	}
}

// countStreams counts the streams that score, like countCalls. They end by themselves when the
// server drains.
func (s *Server) countStreams(srv any, ss grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) error {
	if grpcapi.Ours(info.FullMethod) {
		s.calls.Add(1)
		defer s.calls.Add(-1)
	}
	return next(srv, ss)
}

// countCalls is an interceptor that counts the calls in progress.
func (s *Server) countCalls(ctx context.Context, req any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	s.messageArrived(ctx)
	s.calls.Add(1)
	defer s.calls.Add(-1)
	return next(ctx, req)
}
