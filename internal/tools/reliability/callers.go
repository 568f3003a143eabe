package main

import (
	"cmp"
	"context"
	"slices"
	"sync/atomic"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/client"
	"github.com/crossrank/crossrank/internal/load"
	"github.com/crossrank/crossrank/internal/results"
	"github.com/crossrank/crossrank/internal/stats"
)

// callers send requests through their clients in turn.
type callers struct {
	clients []*client.Client
	next    atomic.Int64
}

var _ crossrank.Scorer = (*callers)(nil)

// Score implements [crossrank.Scorer].
func (c *callers) Score(ctx context.Context, req *crossrank.Request) (*crossrank.Response, error) {
	return c.clients[int(c.next.Add(1)-1)%len(c.clients)].Score(ctx, req)
}

// close closes the connections.
func (c *callers) close() {
	for _, one := range c.clients {
		one.Close()
	}
}

// sent is the outcome of a load.
type sent struct {
	*load.Result
	records []results.Request
}

// send puts a load on a scorer and keeps its records. That everything was refused is an outcome
// like any other.
func (h *harness) send(ctx context.Context, s crossrank.Scorer, cfg load.Config) (sent, error) {
	cfg.Pairs, cfg.Batch = h.pairs, cmp.Or(cfg.Batch, h.size)
	out := sent{}
	also := cfg.Record
	cfg.Record = func(r results.Request) error {
		out.records = append(out.records, r)
		if also != nil {
			return also(r)
		}
		return nil
	}
	var err error
	out.Result, err = load.Run(ctx, s, cfg)
	if out.Result != nil && len(out.records) > 0 {
		err = nil
	}
	return out, err
}

// closed has workers send one request after another for a time.
func (h *harness) closed(ctx context.Context, s crossrank.Scorer, workers int, d time.Duration) (sent, error) {
	return h.send(ctx, s, load.Config{Concurrency: workers, Duration: d})
}

// open sends requests at a rate per second for a time, whatever becomes of them.
func (h *harness) open(ctx context.Context, s crossrank.Scorer, process string, rate float64, d time.Duration, cfg load.Config) (sent, error) {
	schedule, err := load.Arrivals{Process: process, Rate: rate, Seed: 1}.Schedule(0, d)
	if err != nil {
		return sent{}, err
	}
	cfg.Schedule = schedule
	return h.send(ctx, s, cfg)
}

// latencies are those of the requests that were answered and that ended in a part of the load, in
// ms.
func (s sent) latencies(from, to time.Duration) (ms []float64) {
	for i := range s.records {
		if r := &s.records[i]; r.OK() && r.Finished >= from && r.Finished < to {
			ms = append(ms, stats.Milliseconds(r.Latency()))
		}
	}
	return ms
}

// refusals are the times to the answers of those that were refused, in ms.
func (s sent) refusals() (ms []float64) {
	for i := range s.records {
		if r := &s.records[i]; r.Code == crossrank.Overloaded {
			ms = append(ms, stats.Milliseconds(r.Service()))
		}
	}
	return ms
}

// goodput is the pairs per second answered in a part of the load.
func (s sent) goodput(from, to time.Duration) float64 {
	pairs := 0
	for i := range s.records {
		if r := &s.records[i]; r.OK() && r.Finished >= from && r.Finished < to {
			pairs += r.Pairs
		}
	}
	return float64(pairs) / (to - from).Seconds()
}

// count is how many ended with one of the codes.
func (s sent) count(codes ...crossrank.Code) (n int) {
	for i := range s.records {
		if slices.Contains(codes, s.records[i].Code) {
			n++
		}
	}
	return n
}

const forever = time.Duration(1<<63 - 1)

func p99(ms []float64) float64 { return stats.Sort(ms).Percentile(99) }
