package main

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/load"
)

// soakLoad is the load of a soak test, as a part of the peak throughput.
const soakLoad = 0.8

// soak keeps a steady load on the server and samples its memory, then reads whether it released
// everything.
func soak(ctx context.Context, h *harness) error {
	h.slice = 20 * time.Second // the peak is measured for half of it
	peak, err := h.peak(ctx)
	if err != nil {
		return err
	}
	return h.withServer(ctx, unbounded, connections, func(s *server, c *callers) error {
		before, err := s.footprint(ctx)
		if err != nil {
			return err
		}
		if err := s.churn(ctx); err != nil {
			return err
		}
		h.say("   peak %.1f pairs/s; %.0f %% of it for %v", peak, 100*soakLoad, h.duration)
		l, mem, err := h.sampled(ctx, s, c, soakLoad*peak/float64(h.size))
		if err != nil {
			return err
		}
		h.reportSoak(l, mem)
		c.close()
		more, _, err := s.awaitIdle(ctx, before, 0, 30*time.Second)
		if err != nil {
			return err
		}
		note := fmt.Sprintf("of %d; 30 s of idling at most", before.goroutines)
		h.report(record{Goal: "goroutines", Value: float64(more.goroutines), Note: note})
		h.report(record{Goal: "descriptors", Value: float64(more.descriptors), Note: fmt.Sprintf("of %d", before.descriptors)})
		return nil
	})
}

// sampled puts a steady load on the server while its memory is sampled.
func (h *harness) sampled(ctx context.Context, s *server, c *callers, rate float64) (sent, *memory, error) {
	mem := &memory{every: time.Second}
	sampling, stop := context.WithCancel(ctx)
	var sampler sync.WaitGroup
	sampler.Go(func() { mem.run(sampling, h, s) })
	l, err := h.open(ctx, c, "constant", rate, h.duration, load.Config{Timeout: time.Minute})
	stop()
	sampler.Wait()
	return l, mem, cmp.Or(err, mem.err, s.Err())
}

// churn has the server allocate and collect a few times, so that its heap has the size that it will
// keep: a collection begins only when the heap has doubled, which at the soak's load alone takes
// longer than many soaks.
func (s *server) churn(ctx context.Context) error {
	body := `{"query": "q", "texts": ["` + strings.Repeat("x", 300<<10) + `"]}` // over the limit on a document
	for range 2000 {
		if ctx.Err() != nil {
			return nil
		}
		if _, err := s.post(ctx, strings.NewReader(body), ""); err != nil {
			return err
		}
	}
	return nil
}

// memory is samples of a server's memory.
type memory struct {
	every          time.Duration
	seconds, bytes []float64 // resident, after the warm-up
	live           []float64 // in the heap, after each collection
	err            error
}

// run samples until ctx ends.
func (m *memory) run(ctx context.Context, h *harness, s *server) {
	began := time.Now()
	for n := 0; ctx.Err() == nil; n++ {
		at, resident := time.Since(began), int64(0)
		if resident, m.err = s.Resident(); m.err != nil {
			return
		}
		if n%30 == 29 {
			h.say("   %v: %.1f MB resident", at.Round(time.Second), float64(resident)/1e6)
		}
		if at >= h.warmup {
			m.seconds, m.bytes = append(m.seconds, at.Seconds()), append(m.bytes, float64(resident))
		}
		if n%blockLength == 0 {
			live, err := s.Collect(context.WithoutCancel(ctx)) // a short soak has at least this one
			if err == nil && at >= h.warmup {                  // otherwise there is still the resident memory
				m.live = append(m.live, live)
			}
		}
		pause(ctx, m.every)
	}
}

// blockLength is how many samples become one point of the regression.
const blockLength = 10

func (h *harness) reportSoak(l sent, m *memory) {
	perHour := 3600 / 1e6
	grows, margin := slope(blocks(m.seconds, blockLength), blocks(m.bytes, blockLength))
	span := 0.0
	if n := len(m.seconds); n > 0 {
		span = m.seconds[n-1] - m.seconds[0]
	}
	note := fmt.Sprintf("linear regression over the last %.0f s, standard error %.2g MB/h", span, margin*perHour)
	if n := len(m.bytes); n > 0 {
		note += fmt.Sprintf("; %.1f MB at the end", m.bytes[n-1]/1e6)
	}
	if n := len(m.live); n > 0 {
		note += fmt.Sprintf("; what is live in the heap went from %.2f to %.2f MB", m.live[0]/1e6, m.live[n-1]/1e6)
	}
	h.report(record{Goal: "rss", Value: grows * perHour, Margin: 2 * margin * perHour, Note: note})

	tenth := (l.Elapsed - h.warmup) / 10
	first, last := l.latencies(h.warmup, h.warmup+tenth), l.latencies(l.Elapsed-tenth, forever)
	more, off := growth(first, last)
	h.report(record{
		Goal: "drift", Value: 100 + more, Margin: off,
		Note: fmt.Sprintf("%.0f ms of %d requests, and %.0f ms of %d", p99(first), len(first), p99(last), len(last)),
	})
	bad := len(l.records) - l.count(crossrank.OK)
	r := record{Goal: "soak-errors", Value: float64(bad), Note: fmt.Sprintf("of %d", len(l.records))}
	if bad > 0 {
		r.Note += fmt.Sprintf("; the first: %v", l.FirstError)
	}
	h.report(r)
}
