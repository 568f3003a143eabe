package server

import (
	"context"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/scorertest"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
)

// TestDrainLosesNothing stops a server under load: whatever reached the scorer is answered.
func TestDrainLosesNothing(t *testing.T) {
	for range times(3, 34) {
		var taken, answered atomic.Int64
		fake := &scorertest.Fake{Delay: 3 * time.Millisecond, Fault: func(*crossrank.Request) error {
			taken.Add(1)
			return nil
		}}
		r := start(t, fake, Config{})
		var callers sync.WaitGroup
		for _, target := range r.targets() {
			c := dial(t, target)
			for range 16 {
				callers.Go(func() {
					for {
						_, err := c.Score(context.Background(), request("q"))
						if err != nil {
							if crossrank.CodeOf(err) != crossrank.Unavailable {
								t.Errorf("a caller got %v, want an answer or Unavailable", err)
							}
							return
						}
						answered.Add(1)
					}
				})
			}
		}
		for taken.Load() < 100 {
			time.Sleep(time.Millisecond)
		}
		if err := r.stop(); err != nil {
			t.Errorf("draining: %v", err)
		}
		callers.Wait()
		if taken.Load() != answered.Load() {
			t.Errorf("the scorer took %d requests, callers got %d answers; want the same",
				taken.Load(), answered.Load())
		}
	}
}

// TestDrainIsUnreadyAtOnce: while a drain waits for a request, the server says that it is not
// ready.
func TestDrainIsUnreadyAtOnce(t *testing.T) {
	began, finish := make(chan struct{}, 1), make(chan struct{})
	r := start(t, scorerFunc(func(_ context.Context, req *crossrank.Request) (*crossrank.Response, error) {
		began <- struct{}{}
		<-finish
		return &crossrank.Response{Scores: make([]float32, len(req.Pairs))}, nil
	}), Config{DrainGrace: patience})

	watch, err := healthpb.NewHealthClient(r.connect(t)).Watch(t.Context(), &healthpb.HealthCheckRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if first, err := watch.Recv(); err != nil || first.GetStatus() != healthpb.HealthCheckResponse_SERVING {
		t.Fatalf("health before the drain: %v, %v", first, err)
	}
	c := dial(t, "http://"+r.HTTPAddr())
	var caller sync.WaitGroup
	caller.Go(func() {
		if _, err := c.Score(context.Background(), request("q")); err != nil {
			t.Errorf("the request under way got %v, want its answer", err)
		}
	})
	<-began
	stopped := make(chan error, 1)
	go func() { stopped <- r.stop() }()
	if next, err := watch.Recv(); err != nil || next.GetStatus() != healthpb.HealthCheckResponse_NOT_SERVING {
		t.Errorf("health during the drain: %v, %v; want NOT_SERVING", next, err)
	}
	close(finish)
	if err := <-stopped; err != nil {
		t.Errorf("draining: %v", err)
	}
	caller.Wait()
}

// TestDrainEndsTheRest: requests that outlast the grace period end as Unavailable.
func TestDrainEndsTheRest(t *testing.T) {
	began := make(chan struct{}, 2)
	r := start(t, scorerFunc(func(ctx context.Context, _ *crossrank.Request) (*crossrank.Response, error) {
		began <- struct{}{}
		<-ctx.Done()
		return nil, ctx.Err()
	}), Config{DrainGrace: 300 * time.Millisecond})

	var callers sync.WaitGroup
	for name, target := range r.targets() {
		c := dial(t, target)
		callers.Go(func() {
			_, err := c.Score(context.Background(), request("q"))
			if crossrank.CodeOf(err) != crossrank.Unavailable {
				t.Errorf("%s: got %v, want Unavailable", name, err)
			}
		})
	}
	<-began
	<-began
	if err := r.stop(); err != nil {
		t.Errorf("draining: %v", err)
	}
	callers.Wait()
	if conn, err := net.Dial("tcp", r.HTTPAddr()); err == nil {
		conn.Close()
		t.Error("the HTTP address still takes connections")
	}
}

// TestTheEndIsAccountedFor: the last line of the log tells how requests ended.
func TestTheEndIsAccountedFor(t *testing.T) {
	r := start(t, &scorertest.Fake{Fault: func(req *crossrank.Request) error {
		if req.Pairs[0].Query == "full" {
			return crossrank.Errorf(crossrank.Overloaded, "full")
		}
		return nil
	}}, Config{})
	c := dial(t, "http://"+r.HTTPAddr())
	for _, query := range []string{"q", "full", "q"} {
		_, _ = c.Score(t.Context(), request(query))
	}
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	if want := "msg=stopped requests.ok=2 requests.overloaded=1\n"; !strings.HasSuffix(r.log.String(), want) {
		t.Errorf("the log ends with %q, want %q", r.log.String(), want)
	}
}
