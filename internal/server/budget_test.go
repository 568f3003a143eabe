package server

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/client"
	"github.com/crossrank/crossrank/internal/scorertest"
)

// TestTheBudgetHolds has many callers send large requests over both protocols, some of whom leave,
// panic the scorer or are cut off: what they hold together is never over the budget, and nothing of
// it is kept.
func TestTheBudgetHolds(t *testing.T) {
	const budget = 1 << 20
	fake := &scorertest.Fake{Delay: 2 * time.Millisecond, Fault: func(req *crossrank.Request) error {
		if req.Pairs[0].Query == "panic" {
			panic("a hole")
		}
		return nil
	}}
	r := start(t, fake, Config{RequestBytes: budget})
	watch, stopWatch := context.WithCancel(t.Context())
	var watching, callers sync.WaitGroup
	watching.Go(func() {
		for watch.Err() == nil {
			if used := r.budget.Used(); used < 0 || used > budget {
				t.Errorf("%d of %d bytes are used", used, budget)
				return
			}
			time.Sleep(50 * time.Microsecond)
		}
	})
	var mu sync.Mutex
	met := map[crossrank.Code]int{}
	rounds := 20
	if *long {
		rounds = 2_000
	}
	for _, target := range r.targets() {
		c := dialWith(t, target, client.Options{})
		for n := range 12 {
			callers.Go(func() {
				req := &crossrank.Request{Pairs: []crossrank.Pair{{Query: "q", Passage: strings.Repeat("x", 150<<10)}}}
				if n == 0 {
					req.Pairs[0].Query = "panic"
				}
				for range rounds {
					ctx, cancel := context.WithCancel(t.Context())
					if n%4 == 1 {
						time.AfterFunc(time.Millisecond, cancel)
					}
					_, err := c.Score(ctx, req)
					cancel()
					mu.Lock()
					met[crossrank.CodeOf(err)]++
					mu.Unlock()
				}
			})
		}
	}
	for range 4 { // peers that hang up in the middle of a body
		callers.Go(func() {
			for range rounds {
				conn, err := net.Dial("tcp", r.HTTPAddr())
				if err != nil {
					t.Error(err)
					return
				}
				fmt.Fprintf(conn, "POST /rerank HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 200000\r\n\r\n%s",
					strings.Repeat("x", 100<<10))
				conn.Close()
			}
		})
	}
	callers.Wait()
	stopWatch()
	watching.Wait()
	if met[crossrank.OK] == 0 || met[crossrank.Overloaded] == 0 || met[crossrank.Internal] == 0 {
		t.Errorf("callers met %v, want answers, refusals and faults", met)
	}
	for deadline := time.Now().Add(patience); r.budget.Used() != 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d bytes are used after all requests have ended", r.budget.Used())
		}
	}
}

// TestStalledSendersKeepNobodyOut: senders of large bodies that do not end take what the budget has
// for them, and those of ordinary requests are answered all the same.
func TestStalledSendersKeepNobodyOut(t *testing.T) {
	const budget = 1 << 20
	r := start(t, &scorertest.Fake{}, Config{RequestBytes: budget})
	for _, conn := range open(t, r.HTTPAddr(), 40) {
		fmt.Fprintf(conn, "POST /rerank HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n40000\r\n")
		go fmt.Fprint(conn, strings.Repeat("x", 200<<10)) // ends when the server refuses, or the test ends
	}
	for deadline := time.Now().Add(patience); r.budget.Used() < budget/2; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("senders that stall hold %d bytes", r.budget.Used())
		}
	}
	large := &crossrank.Request{Pairs: []crossrank.Pair{{Query: "q", Passage: strings.Repeat("x", 240<<10)}}}
	for name, target := range r.targets() {
		c := dial(t, target)
		for range 20 {
			if _, err := c.Score(t.Context(), request("q")); err != nil {
				t.Errorf("%s: an ordinary request: %v", name, err)
			}
		}
		for range 3 { // together they are more than there is room for beside what is stalled
			if _, err := c.Score(t.Context(), large); err != nil && crossrank.CodeOf(err) != crossrank.Overloaded {
				t.Errorf("%s: a large request: got %v, want an answer or Overloaded", name, err)
			}
		}
	}
	resp, err := http.Get("http://" + r.HTTPAddr() + "/readyz")
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Errorf("readiness: %v, %v", resp, err)
	} else {
		resp.Body.Close()
	}
}
