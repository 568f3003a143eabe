package client

import (
	"context"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/crossrank/crossrank"
)

// delays answers each call after its own delay, or with its own error.
type delays struct {
	transport
	mu       sync.Mutex
	delay    []time.Duration
	errs     []error
	calls    int
	canceled int
}

func (d *delays) score(ctx context.Context, _ *crossrank.Request) (*crossrank.Response, error) {
	d.mu.Lock()
	n := d.calls
	d.calls++
	d.mu.Unlock()
	select {
	case <-time.After(d.delay[n]):
		if d.errs[n] != nil {
			return nil, d.errs[n]
		}
		return &crossrank.Response{Scores: []float32{float32(n), 0}}, nil
	case <-ctx.Done():
		d.mu.Lock()
		d.canceled++
		d.mu.Unlock()
		return nil, contextError(ctx.Err())
	}
}

func TestHedge(t *testing.T) {
	const hedge = time.Second
	away := crossrank.Errorf(crossrank.Unavailable, "away")
	tests := []struct {
		name     string
		hedge    time.Duration
		delay    []time.Duration
		errs     []error
		answer   float32
		code     crossrank.Code
		took     time.Duration
		calls    int
		canceled int
	}{
		{"off", 0, []time.Duration{5 * time.Second}, []error{nil}, 0, crossrank.OK, 5 * time.Second, 1, 0},
		{"in time", hedge, []time.Duration{time.Second / 2}, []error{nil}, 0, crossrank.OK, time.Second / 2, 1, 0},
		{"the second is first", hedge, []time.Duration{9 * time.Second, time.Second}, []error{nil, nil}, 1, crossrank.OK, 2 * time.Second, 2, 1},
		{"the first is first", hedge, []time.Duration{3 * time.Second, 9 * time.Second}, []error{nil, nil}, 0, crossrank.OK, 3 * time.Second, 2, 1},
		{"the second fails", hedge, []time.Duration{3 * time.Second, time.Second}, []error{nil, away}, 0, crossrank.OK, 3 * time.Second, 2, 0},
		{"an error in time", hedge, []time.Duration{time.Second / 2}, []error{away}, 0, crossrank.Unavailable, time.Second / 2, 1, 0},
		{"both fail", hedge, []time.Duration{3 * time.Second, time.Second}, []error{away, away}, 0, crossrank.Unavailable, 3 * time.Second, 2, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := &delays{delay: tt.delay, errs: tt.errs}
				c := &Client{transport: d, hedge: tt.hedge}
				started := time.Now()
				resp, err := c.Score(t.Context(), request())
				took := time.Since(started)
				synctest.Wait()
				if crossrank.CodeOf(err) != tt.code || took != tt.took || d.calls != tt.calls || d.canceled != tt.canceled {
					t.Errorf("got %v after %v, %d calls and %d canceled; want %s after %v, %d and %d",
						err, took, d.calls, d.canceled, tt.code, tt.took, tt.calls, tt.canceled)
				}
				if err == nil && resp.Scores[0] != tt.answer {
					t.Errorf("got the answer of call %v, want %v", resp.Scores[0], tt.answer)
				}
			})
		})
	}
}

// TestHedgesAreBudgeted: servers that are slow get a hundred second requests, and then only what
// successes pay for.
func TestHedgesAreBudgeted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const requests = 2000
		d := &delays{delay: make([]time.Duration, 2*requests), errs: make([]error, 2*requests)}
		for i := range d.delay {
			d.delay[i] = time.Minute
		}
		c := &Client{transport: d, hedge: time.Second}
		for range requests {
			if _, err := c.Score(t.Context(), request()); err != nil {
				t.Fatal(err)
			}
		}
		if hedges := d.calls - requests; hedges < budgetMost || hedges > budgetMost+requests*earned+1 {
			t.Errorf("%d second requests for %d, want the budget of %d and a tenth", hedges, requests, budgetMost)
		}
	})
}

// TestXDSNeedsItsResolver: a program without the resolver is refused with what to do.
func TestXDSNeedsItsResolver(t *testing.T) {
	for target, want := range map[string]string{
		"xds:///rerank": "import google.golang.org/grpc/xds", "xds://plane/rerank": "cannot be chosen", "xds:///": "has no name",
	} {
		if _, err := Dial(target, Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", target, err, want)
		}
	}
	if _, err := Dial("xds:///rerank", Options{Balance: Weighted}); err == nil || !strings.Contains(err.Error(), "control plane") {
		t.Errorf("with a balance: %v", err)
	}
}
