package server

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/crossrank/crossrank/client"
)

// patience ends a wait for what never comes. What works comes in milliseconds, or in seconds on a
// busy machine.
const patience = 3 * time.Minute

func (r *running) logger() *slog.Logger { return slog.New(slog.NewTextHandler(r.log, nil)) }

// waitForLog waits until the log says something that it has not been asked for before.
func (r *running) waitForLog(t *testing.T, says string) {
	t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		if r.log.skip(says) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the log does not say %q:\n%s", says, r.log)
		}
	}
}

// skip tells whether a text stands in the log behind where it was found the last time.
func (b *lockedBuffer) skip(says string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	i := strings.Index(b.buf.String()[b.read:], says)
	if i < 0 {
		return false
	}
	b.read += i + len(says)
	return true
}

// steadyCallers scores over both protocols, none of which may fail, until the returned function is
// called.
func (r *running) steadyCallers(t *testing.T, opts client.Options, targets ...string) (stop func()) {
	t.Helper()
	if len(targets) == 0 {
		targets = []string{"grpc://" + r.GRPCAddr(), "http://" + r.HTTPAddr()}
	}
	ctx, cancel := context.WithCancel(t.Context())
	var callers sync.WaitGroup
	for _, target := range targets {
		c := dialWith(t, target, opts)
		for range 2 {
			callers.Go(func() {
				for ctx.Err() == nil {
					if _, err := c.Score(ctx, request("steady")); err != nil && ctx.Err() == nil {
						t.Errorf("%s: a steady caller got %v", target, err)
						return
					}
				}
			})
		}
	}
	return func() {
		cancel()
		callers.Wait()
	}
}
