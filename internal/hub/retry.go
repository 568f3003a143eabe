package hub

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

const (
	maxTries      = 8                // without progress, of one request
	firstWait     = time.Second      // doubled with each try
	longestWait   = 30 * time.Second // of those
	longestAsked  = 10 * time.Minute // that a server may ask for
	progressParts = 1000             // of a file: this part of it is progress
)

// retry counts failures in a row of one thing.
type retry struct {
	tries int
	sleep func(context.Context, time.Duration) error
	note  func(string) // shows a line to the user; must be safe for concurrent use
	what  string
}

// again waits after a failure, or returns an error if there is no use in trying again.
func (r *retry) again(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if _, ok := errors.AsType[*permanent](err); ok {
		return err
	}
	refusal, refused := errors.AsType[*Error](err)
	if refused && !refusal.mayPass() {
		return err
	}
	r.tries++
	if r.tries >= maxTries {
		return fmt.Errorf("%w (tried %d times)", err, r.tries)
	}
	wait := min(firstWait<<(r.tries-1), longestWait)
	wait = wait/2 + rand.N(wait/2+1)
	if refused && refusal.RetryAfter > 0 {
		if wait = refusal.RetryAfter; wait > longestAsked {
			return fmt.Errorf("%w; it asks to try again in %v", err, wait.Round(time.Second))
		}
	}
	r.note(fmt.Sprintf("%s: %v; trying again in %v", r.what, err, wait.Round(100*time.Millisecond)))
	return r.sleep(ctx, wait)
}

// reset is called after progress.
func (r *retry) reset() { r.tries = 0 }

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
