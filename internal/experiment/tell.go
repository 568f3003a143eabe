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
	tellEvery  = 500 * time.Millisecond // as often as the page is drawn
	tellWithin = time.Second
	lastWithin = 10 * time.Second // for the last news, which nothing repeats
)

// news is what a server's page shows of an experiment: the body of POST /api/experiment.
type news struct {
	Name           string  `json:"name"`
	State          string  `json:"state"` // running or ended
	Configuration  int     `json:"configuration"`
	Configurations int     `json:"configurations"`
	Label          string  `json:"point"`
	Warmup         bool    `json:"warmup"`
	Done           int     `json:"done"`
	Total          int     `json:"total"`
	Elapsed        float64 `json:"elapsed_s"`
	Limit          float64 `json:"limit_s"`
	PairsPerSecond float64 `json:"pairs_per_second"`
	Note           string  `json:"note"`
	Report         string  `json:"report"`
}

// teller tells a server how far the experiment is, for its page. It never holds up a measurement: news are noted at once
// and sent twice a second. A server that does not take them is no fault of the measurement, so failures are passed over. A nil teller tells nobody.
type teller struct {
	url  string
	done context.CancelFunc
	gone sync.WaitGroup

	mu   sync.Mutex
	news news
}

// newTeller begins to tell the server whose HTTP address is given. Whoever makes one must stop it.
func newTeller(addr string, first news) *teller {
	ctx, cancel := context.WithCancel(context.Background())
	t := &teller{url: "http://" + addr + "/api/experiment", news: first, done: cancel}
	t.gone.Go(func() {
		tick := time.NewTicker(tellEvery)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				t.send(ctx, tellWithin)
			case <-ctx.Done():
				return
			}
		}
	})
	return t
}

func (t *teller) stop() {
	if t == nil {
		return
	}
	t.done()
	t.gone.Wait()
}

// progress notes how far a point is.
func (t *teller) progress(p results.Configuration, u load.Progress) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	n := &t.news
	n.Label, n.Warmup, n.Done, n.Total = p.Name(), u.Warmup, u.Done, u.Total
	n.Elapsed, n.Limit, n.PairsPerSecond = u.Elapsed.Seconds(), u.Limit.Seconds(), 0
	if u.Elapsed > 0 {
		n.PairsPerSecond = float64(u.Pairs) / n.Elapsed
	}
}

// begin notes which configuration is under way, counted from 1.
func (t *teller) begin(configuration int, p results.Configuration) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.news.Configuration, t.news.Label = configuration, p.Name()
}

// send sends what is noted.
func (t *teller) send(ctx context.Context, within time.Duration) {
	t.mu.Lock()
	body, err := json.Marshal(t.news)
	t.mu.Unlock()
	if err != nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, t.url, bytes.NewReader(body))
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

// last sends that the experiment ends, or that it goes on elsewhere, before the server is stopped.
func (t *teller) last(ctx context.Context, state, note string) {
	t.mu.Lock()
	t.news.State, t.news.Note = state, note
	t.mu.Unlock()
	t.send(ctx, lastWithin)
}
