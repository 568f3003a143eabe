package client

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/crossrank/crossrank"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

const (
	firstWait   = 20 * time.Millisecond // before the first retry, doubled for each further one
	longestWait = 10 * time.Second      // a request is not retried if the server asks for more

	budgetMost = 100 // retries of a full budget
	earned     = 0.1 // retries that one success adds
)

// budget limits retries to a fraction of the successful requests, so that clients do not multiply
// the load on servers that are down. The zero value is full. It is safe for concurrent use.
type budget struct {
	mu    sync.Mutex
	spent float64
}

func (b *budget) earn() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.spent = max(0, b.spent-earned)
}

func (b *budget) spend() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.spent > budgetMost-1 {
		return false
	}
	b.spent++
	return true
}

// retry calls f until it succeeds, fails in a way that a retry cannot help, or was retried that
// many times. Between calls it waits as long as the server asked, or else for a random time that
// grows. It returns f's last error, immediately if ctx would end before the next call.
func (b *budget) retry(ctx context.Context, retries int, f func() error) error {
	for n := 0; ; n++ {
		err := f()
		if err == nil {
			b.earn()
			return nil
		}
		wait, ok := retryable(err)
		if !ok || n >= retries {
			return err
		}
		if wait == 0 {
			wait = firstWait << min(n, 6)
			wait = wait/2 + rand.N(wait)
		}
		if deadline, ok := ctx.Deadline(); wait > longestWait || ok && time.Until(deadline) <= wait {
			return err
		}
		if free := n == 0 && isLost(err); !free && !b.spend() {
			return err
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return err
		}
	}
}

// isLost reports whether a call failed with its connection, over gRPC, and not by the word of a
// server. The budget does not count its first retry: when a server vanishes, its calls are load
// that the others do not have yet, and they may be more at once than the budget holds.
func isLost(err error) bool {
	e, ok := errors.AsType[*crossrank.Error](err)
	if !ok || e.Code != crossrank.Unavailable || e.Err == nil {
		return false
	}
	st, ok := status.FromError(e.Err)
	return ok && st.Code() == codes.Unavailable && len(st.Details()) == 0
}

// retryable reports whether a retry may succeed, and how long the server asked to wait; 0 means
// that it did not say.
func retryable(err error) (wait time.Duration, ok bool) {
	e, ok := errors.AsType[*crossrank.Error](err)
	if !ok || e.Code != crossrank.Unavailable && e.Code != crossrank.Overloaded {
		return 0, false
	}
	return e.RetryAfter, true
}
