package client

import (
	"context"
	"time"

	"github.com/crossrank/crossrank"
)

// scored is how a call ended.
type scored struct {
	resp *crossrank.Response
	err  error
}

// hedged calls the server, and a second time if the first call takes longer than the client's hedge
// and the budget allows it. It returns the first answer, or the last error if both calls fail, and
// waits for no call that it cancels.
func (c *Client) hedged(ctx context.Context, req *crossrank.Request) (*crossrank.Response, error) {
	if c.hedge == 0 {
		return c.transport.score(ctx, req)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan scored, 2)
	call := func() {
		resp, err := c.transport.score(ctx, req)
		ended <- scored{resp, err}
	}
	go call()
	running := 1
	late := time.NewTimer(c.hedge)
	defer late.Stop()
	for {
		select {
		case <-late.C:
			if c.budget.spend() {
				running++
				go call()
			}
		case end := <-ended:
			if running--; end.err == nil || running == 0 {
				return end.resp, end.err
			}
		}
	}
}
