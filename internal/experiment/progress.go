package experiment

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/crossrank/crossrank/internal/load"
	"github.com/crossrank/crossrank/internal/results"
)

const (
	reportEvery      = 500 * time.Millisecond // as often as the page is drawn
	reportWithin     = time.Second
	reportLastWithin = 10 * time.Second // for the last report, which no other follows
)

// progress is what a server's page shows of an experiment: the body of POST /api/experiment.
type progress struct {
	Name           string  `json:"name"`
	State          string  `json:"state"` // running or ended
	Configuration  int     `json:"configuration"`
	Configurations int     `json:"configurations"`
	Label          string  `json:"point"` // the configuration in words
	Warmup         bool    `json:"warmup"`
	Done           int     `json:"done"`
	Total          int     `json:"total"`
	Elapsed        float64 `json:"elapsed_s"`
	Limit          float64 `json:"limit_s"`
	PairsPerSecond float64 `json:"pairs_per_second"`
	Note           string  `json:"note"`
	Report         string  `json:"report"`
}

// progressReporter reports to a server how far the experiment is, for the server's page. It never
// delays a measurement: updates are noted at once and sent twice a second. A report that fails is
// dropped, since the measurement is none the worse for it. A nil progressReporter reports nothing.
type progressReporter struct {
	url    string
	cancel context.CancelFunc
	sender sync.WaitGroup

	mu  sync.Mutex
	now progress
}

// newProgressReporter begins to report to the server with an HTTP address. The caller must
// stop it.
func newProgressReporter(addr string, first progress) *progressReporter {
	ctx, cancel := context.WithCancel(context.Background())
	r := &progressReporter{url: "http://" + addr + "/api/experiment", now: first, cancel: cancel}
	r.sender.Go(func() {
		tick := time.NewTicker(reportEvery)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				r.send(ctx, reportWithin)
			case <-ctx.Done():
				return
			}
		}
	})
	return r
}

func (r *progressReporter) stop() {
	if r == nil {
		return
	}
	r.cancel()
	r.sender.Wait()
}

// begin notes which configuration is under way, counted from 1.
func (r *progressReporter) begin(n int, c *results.Configuration) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.now.Configuration, r.now.Label = n, c.Name()
}

// update notes how far a configuration is.
func (r *progressReporter) update(c *results.Configuration, u load.Progress) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	p := &r.now
	p.Label, p.Warmup, p.Done, p.Total = c.Name(), u.Warmup, u.Done, u.Total
	p.Elapsed, p.Limit, p.PairsPerSecond = u.Elapsed.Seconds(), u.Limit.Seconds(), 0
	if u.Elapsed > 0 {
		p.PairsPerSecond = float64(u.Pairs) / p.Elapsed
	}
}

// last reports that the experiment ends, or that it continues with another server. Nothing else is
// reported later.
func (r *progressReporter) last(ctx context.Context, state, note string) {
	r.stop()
	r.now.State, r.now.Note = state, note
	r.send(ctx, reportLastWithin)
}

// send sends what is noted.
func (r *progressReporter) send(ctx context.Context, within time.Duration) {
	r.mu.Lock()
	body, err := json.Marshal(r.now)
	r.mu.Unlock()
	if err != nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.url, bytes.NewReader(body))
	if err != nil {
		return
	}
	req.Header.Set("X-Crossrank-Experiment", "yes")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<16)) // so that the connection is used again
	_ = resp.Body.Close()
}
