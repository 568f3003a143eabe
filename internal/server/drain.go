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
	// lastCalls is how long gRPC clients may take to learn that the server stops; a call that comes meanwhile is taken.
	lastCalls = time.Second

	// settle is how long requests have to answer once they were told to end.
	settle = 2 * lastCalls
)

// drain stops the server: it is unready at once, takes nothing new, gives requests under way the grace, calls stop to
// end the rest, and returns when nothing runs any more. A request that does not even end then is given up on.
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
			_ = s.http.Shutdown(graceful) // its error is giving up, which is told below
		}()
		s.stopGRPC()
		<-httpDone
	}()

	select {
	case <-done:
		return nil
	case <-time.After(s.cfg.DrainGrace):
	}
	s.cfg.Log.Warn("grace is over, ending the requests that are left")
	stop()
	select {
	case <-done:
		return nil
	case <-time.After(settle):
	}
	giveUp()
	_ = s.http.Close() // closes what a peer holds open; there is nobody left to tell
	go s.grpc.Stop()   // waits for its handlers, which may never return
	select {
	case <-done:
		return nil
	case <-time.After(settle):
		return errors.New("stopping: some requests did not end when they were told to")
	}
}

// account logs how the requests that went through the scorer have ended, by their codes: the last that can be known of
// them, for metrics are not answered any more. Callers' own counts can be held against it.
func account(log *slog.Logger, counts metrics.Snapshot) {
	var requests []any
	for _, code := range slices.Sorted(maps.Keys(counts.Codes)) {
		if n := counts.Codes[code]; n > 0 {
			requests = append(requests, slog.Int64(string(code), n))
		}
	}
	log.Info("stopped", slog.Group("requests", requests...))
}

// stopGRPC returns when all calls are done. It does not wait for streams of health checks and reflection, which last as
// long as their clients like.
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

// countStreams does as countCalls for the streams that score, which end by themselves when the server drains.
func (s *Server) countStreams(srv any, ss grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) error {
	if grpcapi.Ours(info.FullMethod) {
		s.calls.Add(1)
		defer s.calls.Add(-1)
	}
	return next(srv, ss)
}

// countCalls keeps the number of calls under way.
func (s *Server) countCalls(ctx context.Context, req any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	s.messageArrived(ctx)
	s.calls.Add(1)
	defer s.calls.Add(-1)
	return next(ctx, req)
}
