package queue

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/crossrank/crossrank/internal/faultproxy"
)

// patience only ends a test that hangs.
const patience = 5 * time.Minute

// shards is the truth of a test: which shards are finished.
type shards struct {
	mu   sync.Mutex
	done []bool
	took []int // how often each was taken
}

func newShards(n int) *shards { return &shards{done: make([]bool, n), took: make([]int, n)} }

func (s *shards) open(context.Context) (open []int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, done := range s.done {
		if !done {
			open = append(open, i)
		}
	}
	return open, nil
}

func (s *shards) finish(i int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.done[i] = true
}

func (s *shards) take(i int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.took[i]++
	return s.took[i]
}

func (s *shards) left() int { open, _ := s.open(context.Background()); return len(open) }

func serve(t *testing.T, opts ServerOptions) *Server {
	t.Helper()
	s, err := Serve(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func connect(t *testing.T, s *Server) *nats.Conn {
	t.Helper()
	conn, err := s.Connect()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	return conn
}

func newQueue(t *testing.T, conn *nats.Conn, truth *shards, redeliver time.Duration) *Queue {
	t.Helper()
	q, err := New(conn, Options{Job: "j", RedeliverAfter: redeliver, Open: truth.open, Memory: true,
		Patience: patience, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	q.retryWait = 20 * time.Millisecond
	return q
}

// work takes shards until none is left.
func work(ctx context.Context, q *Queue, do func(*Task) error) error {
	for {
		task, err := q.Next(ctx)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if err := do(task); err != nil {
			return err
		}
	}
}

func limited(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// TestEachShardOnce has three workers empty a queue without faults.
func TestEachShardOnce(t *testing.T) {
	t.Parallel()
	server, truth := serve(t, ServerOptions{}), newShards(300)
	var workers sync.WaitGroup
	for range 3 {
		q := newQueue(t, connect(t, server), truth, time.Minute)
		workers.Go(func() {
			err := work(limited(t), q, func(task *Task) error {
				truth.take(task.Shard())
				truth.finish(task.Shard())
				return task.Done(t.Context())
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	workers.Wait()
	for i, n := range truth.took {
		if n != 1 {
			t.Errorf("shard %d was taken %d times, want once", i, n)
		}
	}
}

// TestSilentWorker: a shard whose worker says nothing goes to another, and one that is renewed does
// not.
func TestSilentWorker(t *testing.T) {
	t.Parallel()
	server, truth := serve(t, ServerOptions{}), newShards(2)
	const redeliver = time.Second
	dead := newQueue(t, connect(t, server), truth, redeliver)
	silent, err := dead.Next(limited(t))
	if err != nil {
		t.Fatal(err)
	}
	truth.take(silent.Shard())
	alive := newQueue(t, connect(t, server), truth, redeliver)
	busy, err := alive.Next(limited(t))
	if err != nil {
		t.Fatal(err)
	}
	truth.take(busy.Shard())
	again, err := newQueue(t, connect(t, server), truth, redeliver).Next(renewed(t, busy))
	if err != nil || again.Shard() != silent.Shard() {
		t.Fatalf("got shard %v, %v, want the silent worker's, %d", again, err, silent.Shard())
	}
}

// renewed renews a task until the test ends.
func renewed(t *testing.T, task *Task) context.Context {
	ctx := limited(t)
	quit, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			select {
			case <-quit:
				return
			case <-time.After(task.Interval()):
				_ = task.Renew()
			}
		}
	}()
	t.Cleanup(func() { close(quit); <-ended })
	return ctx
}

// TestDeadLetter: a shard that fails three times is left out, with its last reason, and the others
// are finished.
func TestDeadLetter(t *testing.T) {
	t.Parallel()
	truth := newShards(5)
	q := newQueue(t, connect(t, serve(t, ServerOptions{})), truth, time.Minute)
	var finals []bool
	err := work(limited(t), q, func(task *Task) error {
		n := truth.take(task.Shard())
		if task.Shard() == 3 {
			final, err := task.Failed(t.Context(), fmt.Sprintf("failure %d", n))
			finals = append(finals, final)
			return err
		}
		truth.finish(task.Shard())
		return task.Done(t.Context())
	})
	if err != nil {
		t.Fatal(err)
	}
	dead, err := q.Dead(t.Context())
	if err != nil || !slices.Equal(dead, []DeadLetter{{3, "failure 3"}}) || !slices.Equal(finals, []bool{false, false, true}) || truth.left() != 1 {
		t.Errorf("got dead letters %v, %v, final %v and %d shards left; want shard 3 after 3 failures, alone", dead, err, finals, truth.left())
	}
	if err := q.Delete(t.Context()); err != nil {
		t.Fatal(err)
	}
	if dead, err := q.Dead(t.Context()); err != nil || dead != nil {
		t.Errorf("a deleted queue has dead letters %v, %v", dead, err)
	}
}

// TestShardThatKills: a shard that is taken again and again, without a word of what happens to it,
// becomes a dead letter too.
func TestShardThatKills(t *testing.T) {
	t.Parallel()
	truth := newShards(1)
	q := newQueue(t, connect(t, serve(t, ServerOptions{})), truth, time.Minute)
	taken := 0
	err := work(limited(t), q, func(task *Task) error {
		taken++
		return task.msg.Nak() // at once, unlike a death, and counted like one
	})
	dead, deadErr := q.Dead(t.Context())
	if err != nil || deadErr != nil || taken != mostDeliveries || len(dead) != 1 || !strings.Contains(dead[0].Reason, "memory") {
		t.Errorf("taken %d times, %v; dead letters %v, %v", taken, err, dead, deadErr)
	}
}

// TestLostQueue removes the whole stream while shards are held: nothing that is finished is taken
// again, and nothing is left out.
func TestLostQueue(t *testing.T) {
	t.Parallel()
	truth := newShards(50)
	q := newQueue(t, connect(t, serve(t, ServerOptions{})), truth, time.Minute)
	lost := 0
	err := work(limited(t), q, func(task *Task) error {
		if truth.done[task.Shard()] {
			t.Errorf("shard %d is taken after it was finished", task.Shard())
		}
		if n := truth.take(task.Shard()); n == 1 && (task.Shard() == 7 || task.Shard() == 30) {
			lost++
			return q.Delete(t.Context()) // and with it this task
		}
		truth.finish(task.Shard())
		return task.Done(t.Context())
	})
	if err != nil || truth.left() > 0 || lost != 2 {
		t.Errorf("%v; %d shards are left after the queue was lost %d times", err, truth.left(), lost)
	}
}

// TestRestartedQueue stops a queue that listens and starts it again, once with its directory and
// once without: workers go on by themselves.
func TestRestartedQueue(t *testing.T) {
	t.Parallel()
	for name, dir := range map[string]string{"kept": t.TempDir(), "lost": ""} {
		t.Run(name, func(t *testing.T) {
			opts := ServerOptions{Listen: "127.0.0.1:0", Dir: dir, Token: "secret"}
			server := serve(t, opts)
			opts.Listen = server.Addr()
			conn, err := Dial("nats://"+server.Addr(), DialOptions{Token: "secret"})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(conn.Close)
			truth := newShards(40)
			q := newQueue(t, conn, truth, time.Second)
			q.opts.Memory = false
			restart := sync.OnceFunc(func() {
				server.Close()
				server = serve(t, opts)
			})
			err = work(limited(t), q, func(task *Task) error {
				if truth.left() == 20 {
					restart()
				}
				truth.finish(task.Shard())
				_ = task.Done(t.Context()) // the queue may be away
				return nil
			})
			if err != nil || truth.left() > 0 {
				t.Errorf("%v; %d shards left", err, truth.left())
			}
		})
	}
}

// TestSlowNetwork: a shard is not lost on its way to a worker, though the way takes longer than the
// worker means to wait.
func TestSlowNetwork(t *testing.T) {
	t.Parallel()
	proxy, err := faultproxy.Listen(serve(t, ServerOptions{Listen: "127.0.0.1:0"}).Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { proxy.Close() })
	conn, err := Dial("nats://"+proxy.Addr(), DialOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	truth := newShards(10)
	q := newQueue(t, conn, truth, 5*time.Second)
	once := 0
	proxy.Set(faultproxy.Fault{Delay: firstWait})
	err = work(limited(t), q, func(task *Task) error {
		meta, err := task.msg.Metadata()
		if err != nil {
			return err
		}
		if meta.NumDelivered == 1 {
			once++
		}
		truth.finish(task.Shard())
		return task.Done(t.Context())
	})
	if err != nil || once < 5 { // a busy machine may lose some
		t.Errorf("%v; of 10 shards %d reached a worker when they were first sent", err, once)
	}
}

// TestEndedWait: a worker that waits for a shard ends with its context.
func TestEndedWait(t *testing.T) {
	t.Parallel()
	q := newQueue(t, connect(t, serve(t, ServerOptions{})), newShards(1), time.Hour)
	if _, err := q.Next(limited(t)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	if task, err := q.Next(ctx); task != nil || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, %v, want the end of the context", task, err)
	}
}

// TestGivesUp: a queue that cannot be reached, or that refuses, is an error when patience is over.
func TestGivesUp(t *testing.T) {
	t.Parallel()
	server := serve(t, ServerOptions{Listen: "127.0.0.1:0", Token: "secret"})
	for name, url := range map[string]string{"wrong token": "nats://" + server.Addr(), "nobody there": "nats://127.0.0.1:1"} {
		conn, err := Dial(url, DialOptions{Token: "wrong"})
		if err == nil {
			q, newErr := New(conn, Options{Job: "j", Open: newShards(1).open, Log: slog.New(slog.DiscardHandler)})
			if newErr != nil {
				t.Fatal(newErr)
			}
			q.requestTime = 100 * time.Millisecond
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			_, err = q.Next(ctx)
			cancel()
			conn.Close()
		}
		if err == nil || errors.Is(err, context.DeadlineExceeded) && t.Context().Err() != nil {
			t.Errorf("%s: got %v, want an error", name, err)
		}
	}
}

// TestAsk collects the answers of two workers.
func TestAsk(t *testing.T) {
	t.Parallel()
	server, truth := serve(t, ServerOptions{}), newShards(1)
	for _, name := range []string{"a", "b"} {
		conn := connect(t, server)
		if err := newQueue(t, conn, truth, time.Minute).Answer(func() []byte { return []byte(name) }); err != nil {
			t.Fatal(err)
		}
		if err := conn.Flush(); err != nil {
			t.Fatal(err)
		}
	}
	answers, err := newQueue(t, connect(t, server), truth, time.Minute).Ask(t.Context())
	var got []string
	for _, a := range answers {
		got = append(got, string(a))
	}
	slices.Sort(got)
	if err != nil || !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("got %q, %v", got, err)
	}
}
