//go:build unix

package load

import (
	"context"
	"testing"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/procstat"
	"github.com/crossrank/crossrank/internal/results"
)

// busy computes for as long as it is asked to, in this process.
type busy struct{ spins time.Duration }

func (b busy) Score(_ context.Context, req *crossrank.Request) (*crossrank.Response, error) {
	for from := *procstat.CPU(); *procstat.CPU() < from+b.spins; {
	}
	return &crossrank.Response{Scores: make([]float32, len(req.Pairs))}, nil
}

// CPU time of the measured part is reported, that of the warm-up is not.
func TestCPUOfTheGenerator(t *testing.T) {
	cfg := Config{Pairs: numbered(4), Batch: 1, Requests: 4, Warmup: 8, Record: func(results.Request) error { return nil }}
	res, err := Run(t.Context(), busy{10 * ms}, cfg)
	if err != nil || res.CPU == nil || *res.CPU < 40*ms || *res.CPU >= (40+80)*ms {
		t.Errorf("4 requests of 10 ms of computing: %v and %v", *res.CPU, err)
	}
	idle, err := Run(t.Context(), &fake{}, cfg)
	if err != nil || idle.CPU == nil || *idle.CPU > 40*ms {
		t.Errorf("4 requests that only wait: %v and %v", *idle.CPU, err)
	}
}
