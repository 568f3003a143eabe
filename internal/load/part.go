package load

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/procstat"
	"github.com/crossrank/crossrank/internal/results"
)

// part is the warm-up or the measured part of a run: workers that send the next request each, or
// one that keeps a schedule, and a collector, the goroutine that called run, which alone owns the
// result.
type part struct {
	scorer crossrank.Scorer
	cfg    Config
	warmup bool
	first  int // number of the first request
	total  int // requests to send; 0 for no limit
	limit  time.Duration
	began  time.Time // every time of the part is counted from it, by the monotonic clock

	mu   sync.Mutex
	next int  // requests that workers have claimed
	done bool // enough was measured

	inFlight atomic.Int64 // requests that were sent and not answered

	// Owned by the collector.
	result  Result
	watched Interval // since the last one that was passed on
}

func newPart(s crossrank.Scorer, cfg Config, warmup bool) *part {
	if warmup {
		cfg.RampTo, cfg.Interval = 0, nil
		return &part{scorer: s, cfg: cfg, warmup: true, first: -cfg.Warmup, total: cfg.Warmup}
	}
	return &part{scorer: s, cfg: cfg, total: cfg.Requests, limit: cfg.Duration}
}

// answer is what a worker hands to the collector.
type answer struct {
	record    results.Request
	err       error // why the request failed; nil if it was answered
	abandoned bool  // the run was stopped while it was under way
}

func (p *part) run(ctx context.Context) (*Result, error) {
	work, stop := context.WithCancel(ctx)
	defer stop()
	answers := make(chan answer, p.workers())
	p.began = time.Now()
	cpu := procstat.CPU()
	p.result = Result{Began: p.began, Errors: map[crossrank.Code]int{}}
	p.progress()

	var workers sync.WaitGroup
	if p.open() {
		defer shortTimeSlices()()
		workers.Go(func() { p.pace(work, answers) })
	} else {
		for i := range p.workers() {
			workers.Go(func() { p.work(work, p.shiftOf(i), answers) })
		}
	}
	go func() {
		workers.Wait()
		close(answers)
	}()

	failed := p.collectAll(answers, stop)
	if now := procstat.CPU(); cpu != nil && now != nil {
		p.result.CPU = new(*now - *cpu)
	}
	// An interruption after the last request was answered interrupted nothing.
	p.result.Partial = ctx.Err() != nil && (p.result.Abandoned > 0 || p.wantsMore())
	if failed != nil {
		return &p.result, failed
	}
	return &p.result, p.failure(ctx)
}

// collectAll collects the answers until there are no more, and passes intervals on meanwhile. After
// an error it calls stop, and drops what still comes.
func (p *part) collectAll(answers <-chan answer, stop func()) (failed error) {
	tick, done := p.watch()
	defer done()
	for {
		select {
		case a, ok := <-answers:
			switch {
			case !ok:
				p.passOn(true)
				return failed
			case failed != nil: // the workers are stopping
			default:
				if failed = p.collect(a); failed != nil {
					stop()
				}
			}
		case <-tick:
			p.passOn(false)
		}
	}
}

// workers is the number of workers of a closed loop: no more than there are requests.
func (p *part) workers() int {
	most := max(p.cfg.Concurrency, p.cfg.RampTo)
	if p.total > 0 {
		return min(most, p.total)
	}
	return most
}

// open reports whether the part keeps a schedule.
func (p *part) open() bool { return len(p.cfg.Schedule) > 0 && !p.warmup }

// work sends one request after another during its shift, until none is left or ctx ends.
func (p *part) work(ctx context.Context, at shift, answers chan<- answer) {
	if at.from > 0 && !p.waitUntil(ctx, at.from) {
		return
	}
	for ctx.Err() == nil && (at.until == 0 || time.Since(p.began) < at.until) {
		n, ok := p.claim()
		if !ok {
			return
		}
		a := p.send(ctx, n, p.cfg.pairs(n), inClosedLoop)
		answers <- a
		if a.err != nil && !a.abandoned {
			pause(ctx, a.err)
		}
	}
}

// claim returns the number of the next request to send.
func (p *part) claim() (n int, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.done || p.total > 0 && p.next == p.total || p.limit > 0 && time.Since(p.began) >= p.limit {
		return 0, false
	}
	p.next++
	return p.first + p.next - 1, true
}

// putBack undoes the last claim.
func (p *part) putBack() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.next--
}

// stopped reports whether enough was measured.
func (p *part) stopped() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.done
}

func (p *part) wantsMore() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return !p.done && (p.total == 0 || p.next < p.total) && (p.limit == 0 || time.Since(p.began) < p.limit)
}

// inClosedLoop is the due time of a request in a closed loop, where it is due when it is sent.
const inClosedLoop time.Duration = -1

// send sends request n and waits for its answer.
func (p *part) send(ctx context.Context, n int, pairs []crossrank.Pair, intended time.Duration) answer {
	req := p.cfg.Template
	req.Pairs = pairs
	call, cancel := ctx, context.CancelFunc(func() {})
	if p.cfg.Timeout > 0 {
		call, cancel = context.WithTimeout(ctx, p.cfg.Timeout)
	}
	defer cancel()

	p.inFlight.Add(1)
	defer p.inFlight.Add(-1)
	started := time.Since(p.began)
	resp, err := p.scorer.Score(call, &req)
	finished := time.Since(p.began)
	if intended == inClosedLoop {
		intended = started
	}

	if err == nil && len(resp.Scores) != len(req.Pairs) {
		err = crossrank.Errorf(crossrank.Internal, "%d scores came for %d pairs", len(resp.Scores), len(req.Pairs))
	}
	rec := results.Request{Seq: n, Intended: intended, Started: started, Finished: finished, Pairs: len(req.Pairs)}
	rec.Answer(resp, err)
	return answer{record: rec, err: err, abandoned: err != nil && ctx.Err() != nil}
}

// collect adds an answer to the result and passes it on.
func (p *part) collect(a answer) error {
	r := &p.result
	if a.abandoned {
		r.Abandoned++
		return nil
	}
	p.watched.add(&a.record)
	r.Requests++
	r.Elapsed = max(r.Elapsed, a.record.Finished)
	if a.err != nil {
		r.Errors[a.record.Code]++
		if r.FirstError == nil {
			r.FirstError = a.err
		}
	} else {
		r.Pairs += a.record.Pairs
		r.Tokens += a.record.Tokens
		r.PaddedTokens += a.record.PaddedTokens
	}
	if p.cfg.Record != nil && !p.warmup {
		err := p.cfg.Record(a.record)
		if errors.Is(err, ErrEnough) {
			p.mu.Lock()
			p.done = true
			p.mu.Unlock()
		} else if err != nil {
			return fmt.Errorf("recording request %d: %w", a.record.Seq, err)
		}
	}
	p.progress()
	return nil
}

func (p *part) progress() {
	if p.cfg.Progress == nil {
		return
	}
	r := &p.result
	p.cfg.Progress(Progress{
		Warmup: p.warmup, Done: r.Requests, Total: p.total, Limit: p.limit,
		Pairs: r.Pairs, Errors: r.Failed(), Elapsed: time.Since(p.began),
	})
}

// failure returns the error of a part that measured nothing.
func (p *part) failure(ctx context.Context) error {
	r := &p.result
	switch {
	case r.Requests > r.Failed():
		return nil
	case r.Requests > 0:
		return fmt.Errorf("all %d requests failed (%s), the first with: %w", r.Requests, counts(r.Errors), r.FirstError)
	case ctx.Err() != nil:
		return fmt.Errorf("interrupted before any request was answered: %w", context.Cause(ctx))
	}
	return errors.New("the time was over before any request was sent")
}

// counts lists failures as "3 overloaded, 1 internal", in the order of the codes' names.
func counts(byCode map[crossrank.Code]int) string {
	var parts []string
	for _, code := range slices.Sorted(maps.Keys(byCode)) {
		parts = append(parts, fmt.Sprintf("%d %s", byCode[code], code))
	}
	return strings.Join(parts, ", ")
}

// pause keeps a worker from spinning against a scorer that refuses at once. It waits as long as the
// error asks for, between 10 ms and 1 s, or until ctx ends.
func pause(ctx context.Context, err error) {
	wait := 10 * time.Millisecond
	var e *crossrank.Error
	if errors.As(err, &e) {
		wait = min(max(wait, e.RetryAfter), time.Second)
	}
	sleep(ctx, wait)
}
