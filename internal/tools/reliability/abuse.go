package main

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/load"
	"github.com/crossrank/crossrank/internal/stats"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// attack is done again and again, every so often, until ctx ends; it counts what it did.
type attack struct {
	goal, what string
	every      time.Duration
	once       func(ctx context.Context, p *server) error
}

// attacks have rates at which the attacker, who shares the machine, uses little of it.
var attacks = []attack{
	{"slowloris", "new connections that send a header byte by byte", 10 * time.Millisecond, slowloris},
	{"headers", "headers of 1 MiB", 100 * time.Millisecond, headerBomb},
	{"gzip", "gzipped bodies of 16 MiB in 16 KiB", 200 * time.Millisecond, gzipBomb},
	{"resets", "calls that are reset at once: ten gRPC streams and ten TCP connections", 50 * time.Millisecond, resets},
}

// turns is how often calm and attack follow one another.
const turns = 3

// abuse attacks a server while steady callers use it. Calm and attack take turns, so that a machine
// that becomes slower or faster does so for both.
func abuse(ctx context.Context, h *harness) error {
	return h.withServer(ctx, unbounded, 2, func(s *server, c *callers) error {
		for _, a := range attacks {
			if ctx.Err() != nil {
				return nil
			}
			if err := h.underAttack(ctx, s, c, a); err != nil {
				return fmt.Errorf("%s: %w", a.goal, err)
			}
		}
		return nil
	})
}

// steadily is how many requests per second the steady callers send.
const steadily = 50

// light are the pairs of steady callers: short and all alike, so that what moves their latency is
// not their own.
var light = []crossrank.Pair{{Query: "what is a river", Passage: "A river is water that runs to the sea."}}

func (h *harness) underAttack(ctx context.Context, p *server, s crossrank.Scorer, a attack) error {
	turn := h.slice / 3
	attacking, stop := context.WithCancel(ctx)
	defer stop()
	var attackers sync.WaitGroup
	var times atomic.Int64
	var failure atomic.Pointer[error]
	began := time.Now()
	attackers.Go(func() {
		for attacking.Err() == nil {
			since := time.Since(began)
			if since/turn%2 == 0 { // calm
				pause(attacking, turn-since%turn)
				continue
			}
			attackers.Go(func() {
				if err := a.once(attacking, p); err != nil && attacking.Err() == nil {
					failure.Store(&err)
				}
			})
			times.Add(1)
			pause(attacking, a.every)
		}
	})
	steady := *h
	steady.pairs = light
	l, err := steady.open(ctx, s, "constant", steadily, 2*turns*turn, load.Config{Batch: 1, Timeout: 10 * time.Second})
	stop()
	attackers.Wait()
	if err := cmp.Or(err, p.Err()); err != nil {
		return err
	}
	h.report(attackRecord(a, l, turn, times.Load(), failure.Load()))
	return nil
}

// attackRecord compares the latency of steady callers in calm turns and under attack.
func attackRecord(a attack, l sent, turn time.Duration, times int64, failure *error) record {
	var calm, attacked []float64
	for i := range l.records {
		r := &l.records[i]
		if at := r.Intended % turn; at < turn/10 || !r.OK() {
			continue // what the last turn left behind belongs to neither
		}
		if r.Intended/turn%2 == 0 {
			calm = append(calm, stats.Milliseconds(r.Latency()))
		} else {
			attacked = append(attacked, stats.Milliseconds(r.Latency()))
		}
	}
	more, margin := growth(calm, attacked)
	r := record{Goal: a.goal, Value: more, Margin: margin, Note: fmt.Sprintf(
		"%.1f ms before and between, %.1f ms during; %d and %d requests; %d times %s, %.0f a second", p99(calm), p99(attacked), len(calm), len(attacked),
		times, a.what, float64(time.Second)/float64(a.every))}
	if failure != nil {
		r.Fault = fmt.Sprintf("the server did not do as it should: %v", *failure)
	}
	if n := len(l.records) - l.count(crossrank.OK); n > 0 {
		r.Fault = fmt.Sprintf("%d of the others' requests failed, the first with: %v", n, l.FirstError)
	}
	return r
}

// slowloris keeps a connection for as long as the server lets it, which is no longer than a header
// may take.
func slowloris(ctx context.Context, p *server) error {
	const patience = 10 * time.Second // the server's is 5
	c, err := net.Dial("tcp", p.HTTP)
	if err != nil {
		return err
	}
	defer c.Close()
	began := time.Now()
	for n := 0; ctx.Err() == nil; n++ {
		if _, err := fmt.Fprint(c, "GET /livez HTTP/1.1\r\nX: "[n%24:n%24+1]); err != nil {
			return nil // cut
		}
		if time.Since(began) > patience {
			return fmt.Errorf("a connection is still open after %v", patience)
		}
		pause(ctx, 500*time.Millisecond)
	}
	return nil
}

var largeHeader = "X: " + strings.Repeat("x", 1<<20) + "\r\n"

func headerBomb(ctx context.Context, p *server) error {
	c, err := net.Dial("tcp", p.HTTP)
	if err != nil {
		return err
	}
	defer c.Close()
	defer context.AfterFunc(ctx, func() { c.Close() })()
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	_, _ = io.WriteString(c, "GET /livez HTTP/1.1\r\nHost: x\r\n"+largeHeader+"\r\n") // it may be cut off
	answer, _ := io.ReadAll(io.LimitReader(c, 1<<20))
	if bytes.Contains(answer, []byte(" 200 ")) {
		return fmt.Errorf("a header of 1 MiB was accepted: %.100q", answer)
	}
	return nil
}

// bomb is 16 MiB of a query, gzipped.
var bomb = sync.OnceValue(func() string {
	var text bytes.Buffer
	w := gzip.NewWriter(&text)
	_, _ = io.WriteString(w, `{"query": "q", "texts": ["`+strings.Repeat("x", 16<<20)+`"]}`) // a buffer takes all
	_ = w.Close()
	return text.String()
})

func gzipBomb(ctx context.Context, p *server) error {
	status, err := p.post(ctx, strings.NewReader(bomb()), "gzip")
	if err == nil && status != http.StatusRequestEntityTooLarge {
		err = fmt.Errorf("a gzip bomb got status %d, want %d", status, http.StatusRequestEntityTooLarge)
	}
	return err
}

// resets opens ten streams of a gRPC connection and cancels them at once, and resets ten TCP
// connections in the middle of a request.
func resets(ctx context.Context, p *server) error {
	conn, err := grpc.NewClient(p.GRPC, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer conn.Close()
	for range 10 {
		call, cancel := context.WithCancel(ctx)
		_, err := conn.NewStream(call, &grpc.StreamDesc{ClientStreams: true, ServerStreams: true}, "/crossrank.v1.RerankService/Score")
		cancel()
		if err != nil {
			return err
		}
	}
	for range 10 {
		c, err := net.Dial("tcp", p.HTTP)
		if err != nil {
			return err
		}
		_, _ = io.WriteString(c, "POST /rerank HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{")
		_ = c.(*net.TCPConn).SetLinger(0)
		c.Close()
	}
	return nil
}
