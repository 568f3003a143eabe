package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/client"
	"github.com/crossrank/crossrank/internal/serverproc"
)

// server is a server under test.
type server struct{ *serverproc.Process }

// exitWithin bounds the end of a server after SIGTERM: its own grace is shorter.
const exitWithin = time.Minute

// shortHistory is how far back servers keep samples of themselves. Samples take memory until that
// time is full, which in the two hours of the default would hide a leak.
const shortHistory = time.Minute

// unbounded is the queue age of servers that are to refuse nothing.
const unbounded = time.Minute

// queueAge is how much may wait at servers that are to keep the objective: two fifths of it. What
// is admitted waits for the batch before it, which can be as long as all that the queue may hold,
// then runs in one that can be so too, and a fifth is left for everything else.
func (h *harness) queueAge() time.Duration { return 2 * h.objective / 5 }

// settings are those of a server. Equal pairs are computed again: the callers' data is finite.
func (h *harness) settings(queueAge time.Duration, ofServer ...string) string {
	return fmt.Sprintf("model_pool: {instances: [{threads: %d}]}\ncache: {coalesce: false}\nbatching: {max_queue_age_ms: %d}\n"+
		"server: {%s}\n", h.threads, queueAge.Milliseconds(), strings.Join(append(ofServer, "history: "+shortHistory.String()), ", "))
}

// start starts a server on free ports and waits until it is ready.
func (h *harness) start(ctx context.Context, queueAge time.Duration) (*server, error) {
	p, err := serverproc.Start(ctx, serverproc.Config{
		Program:    h.program,
		Settings:   []byte(h.settings(queueAge)),
		Admin:      true,
		Env:        environment(),
		KeepLog:    1 << 20,
		ExitWithin: exitWithin,
	})
	if err != nil {
		return nil, err
	}
	return &server{p}, nil
}

// environment is that of this process without settings of crossrank.
func environment() []string {
	return slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "CROSSRANK_") })
}

// stop stops the server. One that exited by itself before is an error, too.
func (s *server) stop() error { return cmp.Or(s.Err(), s.Stop()) }

// withServer starts a server, connects n callers to it, and calls f with both. It stops them
// afterwards.
func (h *harness) withServer(ctx context.Context, queueAge time.Duration, n int, f func(s *server, c *callers) error) (err error) {
	s, err := h.start(ctx, queueAge)
	if err != nil {
		return err
	}
	defer func() { err = cmp.Or(err, s.stop()) }()
	c, err := s.connect(n)
	if err != nil {
		return err
	}
	defer c.close()
	return f(s, c)
}

// connect connects n callers, half of them over gRPC and half over HTTP.
func (s *server) connect(n int) (*callers, error) {
	c := &callers{}
	for i := range n {
		target := "grpc://" + s.GRPC
		if i%2 == 1 {
			target = "http://" + s.HTTP
		}
		one, err := client.Dial(target, client.Options{})
		if err != nil {
			c.close()
			return nil, err
		}
		c.clients = append(c.clients, one)
	}
	return c, nil
}

// oneShot keeps no connection open after an answer: it would count among the server's descriptors.
var oneShot = &http.Client{Timeout: time.Minute, Transport: &http.Transport{DisableKeepAlives: true}}

// post sends a body to /rerank on a new connection and returns the status.
func (s *server) post(ctx context.Context, body io.Reader, encoding string) (int, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+s.HTTP+"/rerank", body)
	if err != nil {
		return 0, err
	}
	req.Header.Set("Content-Type", "application/json")
	if encoding != "" {
		req.Header.Set("Content-Encoding", encoding)
	}
	resp, err := oneShot.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode, err
}

// counts are the metrics of a server.
type counts serverproc.Metrics

func (s *server) counts(ctx context.Context) (counts, error) {
	m, err := s.Metrics(ctx)
	return counts(m), err
}

// ended is how many requests ended with a code, in the scorer or at an edge.
func (c counts) ended(code crossrank.Code) int {
	n := c[fmt.Sprintf("crossrank_requests_total{code=%q}", code)]
	for _, edge := range []string{"grpc", "http"} {
		n += c[fmt.Sprintf("crossrank_edge_refusals_total{code=%q,edge=%q}", code, edge)]
	}
	return int(n)
}

// busy is how many requests the server has not answered, and pairs that it has not computed.
func (c counts) busy() int {
	return int(c["crossrank_requests_in_flight"] + c["crossrank_queue_pairs"] + c["crossrank_running_pairs"])
}

// computed is how many pairs went into batches.
func (c counts) computed() int { return int(c["crossrank_batch_pairs_sum"]) }

func (c counts) footprint() footprint {
	return footprint{int(c["go_goroutines"]), int(c["process_open_fds"])}
}

// footprint is what a process holds besides memory.
type footprint struct{ goroutines, descriptors int }

// whatever is a footprint that every server keeps.
var whatever = footprint{1 << 20, 1 << 20}

// footprint is what the server holds, without the connection that asks for it.
func (s *server) footprint(ctx context.Context) (footprint, error) {
	c, err := s.counts(ctx)
	return c.footprint(), err
}

// awaitIdle waits until the server is idle and holds no more than before plus slack, or for the
// time given. It returns how much more the server holds and how much work it still has.
func (s *server) awaitIdle(ctx context.Context, before footprint, slack int, within time.Duration) (more footprint, busy int, err error) {
	for deadline := time.Now().Add(within); ; pause(ctx, 200*time.Millisecond) {
		c, err := s.counts(ctx)
		if err != nil {
			return more, busy, err
		}
		now := c.footprint()
		more = footprint{max(0, now.goroutines-before.goroutines), max(0, now.descriptors-before.descriptors)}
		busy = c.busy()
		if done := busy == 0 && more.goroutines <= slack && more.descriptors <= slack; done || time.Now().After(deadline) || ctx.Err() != nil {
			return more, busy, nil
		}
	}
}
