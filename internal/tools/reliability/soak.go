package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/client"
	"github.com/crossrank/crossrank/internal/load"
)

// share is how much of the peak a soak puts on the server.
const share = 0.8

// soak keeps a steady load on the server and watches its memory, then whether it gives everything back.
func soak(ctx context.Context, b *bench) (err error) {
	b.slice = 20 * time.Second // half of which the peak is measured
	peak, err := b.peak(ctx)
	if err != nil {
		return err
	}
	p, err := b.start(ctx, unbounded)
	if err != nil {
		return err
	}
	defer func() { err = orFirst(err, p.stop()) }()
	before, err := p.footprint(ctx)
	if err != nil {
		return err
	}
	clients, closeAll, err := p.dial(connections, client.Options{})
	if err != nil {
		return err
	}
	defer closeAll()
	s := &spread{clients: clients}
	if err := p.churn(ctx); err != nil {
		return err
	}
	b.say("   peak %.1f pairs/s; %.0f %% of it for %v", peak, 100*share, b.duration)

	watch := &memory{every: time.Second}
	watching, stop := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		watch.run(watching, b, p)
	}()
	l, err := b.openly(ctx, s, "constant", share*peak/float64(b.size), b.duration, load.Config{Timeout: time.Minute})
	stop()
	<-done
	if err := orFirst(err, watch.err, p.Err()); err != nil {
		return err
	}
	b.reportSoak(l, watch)
	closeAll()
	more, _, err := p.awaitIdle(ctx, before, 0, 30*time.Second)
	if err != nil {
		return err
	}
	note := fmt.Sprintf("of %d; 30 s of idling at most", before.goroutines)
	b.report(record{Goal: "goroutines", Value: float64(more.goroutines), Note: note})
	b.report(record{Goal: "descriptors", Value: float64(more.descriptors), Note: fmt.Sprintf("of %d", before.descriptors)})
	return nil
}

// churn has the server allocate and collect a few times, so that its heap has the size that it will keep: a collection
// begins only when the heap has doubled, which at the soak's load alone takes longer than many soaks.
func (p *server) churn(ctx context.Context) error {
	body := `{"query": "q", "texts": ["` + strings.Repeat("x", 300<<10) + `"]}` // over the limit on a document
	for range 2000 {
		if ctx.Err() != nil {
			return nil
		}
		if _, err := p.post(ctx, strings.NewReader(body), ""); err != nil {
			return err
		}
	}
	return nil
}

// memory samples how much of it a server has.
type memory struct {
	every          time.Duration
	seconds, bytes []float64 // resident, after the warm-up
	live           []float64 // in the heap, after each collection
	err            error
}

// run samples until ctx ends.
func (m *memory) run(ctx context.Context, b *bench, p *server) {
	began := time.Now()
	for n := 0; ctx.Err() == nil; n++ {
		at, resident := time.Since(began), int64(0)
		if resident, m.err = p.Resident(); m.err != nil {
			return
		}
		if n%30 == 29 {
			b.say("   %v: %.1f MB resident", at.Round(time.Second), float64(resident)/1e6)
		}
		if at >= b.warmup {
			m.seconds, m.bytes = append(m.seconds, at.Seconds()), append(m.bytes, float64(resident))
		}
		if n%blockLength == 0 {
			live, err := p.Collect(ctx)
			if err == nil && at >= b.warmup { // without it there is still the resident memory
				m.live = append(m.live, live)
			}
		}
		pause(ctx, m.every)
	}
}

// blockLength is how many samples become one point of the regression.
const blockLength = 10

func (b *bench) reportSoak(l sent, m *memory) {
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
	b.report(record{Goal: "rss", Value: grows * perHour, Margin: 2 * margin * perHour, Note: note})

	tenth := (l.Elapsed - b.warmup) / 10
	first, last := l.latencies(b.warmup, b.warmup+tenth), l.latencies(l.Elapsed-tenth, forever)
	more, off := growth(first, last)
	b.report(record{
		Goal: "drift", Value: 100 + more, Margin: off,
		Note: fmt.Sprintf("%.0f ms of %d requests, and %.0f ms of %d", p99(first), len(first), p99(last), len(last)),
	})
	bad := len(l.records) - l.count(crossrank.OK)
	r := record{Goal: "soak-errors", Value: float64(bad), Note: fmt.Sprintf("of %d", len(l.records))}
	if bad > 0 {
		r.Note += fmt.Sprintf("; the first: %v", l.FirstError)
	}
	b.report(r)
}
