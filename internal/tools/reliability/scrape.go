package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/crossrank/crossrank"
)

// scraped is what /metrics answers: values by name and labels, such as crossrank_requests_total{code="ok"}.
type scraped map[string]float64

// once asks without keeping the connection, which would be one of those that the server's descriptors count.
var once = &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}

func (p *process) scrape(ctx context.Context) (scraped, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+p.admin+"/metrics", nil)
	if err != nil {
		return nil, err
	}
	resp, err := once.Do(req)
	if err != nil {
		return nil, fmt.Errorf("reading the server's metrics: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("reading the server's metrics: %s", resp.Status)
	}
	return parseMetrics(resp.Body)
}

// parseMetrics reads Prometheus's text format, without time stamps, which the server does not send.
func parseMetrics(r io.Reader) (scraped, error) {
	s := scraped{}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		i := strings.LastIndexByte(line, ' ')
		if i < 0 {
			return nil, fmt.Errorf("metrics hold the line %q", line)
		}
		v, err := strconv.ParseFloat(line[i+1:], 64)
		if err != nil {
			return nil, fmt.Errorf("metrics hold the line %q: %w", line, err)
		}
		s[line[:i]] = v
	}
	return s, lines.Err()
}

// ended is how many requests ended with a code, in the scorer or at an edge.
func (s scraped) ended(code crossrank.Code) int {
	n := s[fmt.Sprintf("crossrank_requests_total{code=%q}", code)]
	for _, edge := range []string{"grpc", "http"} {
		n += s[fmt.Sprintf("crossrank_edge_refusals_total{code=%q,edge=%q}", code, edge)]
	}
	return int(n)
}

// busy is how many requests the server has not answered, and pairs that it has not computed.
func (s scraped) busy() int {
	return int(s["crossrank_requests_in_flight"] + s["crossrank_queue_pairs"] + s["crossrank_running_pairs"])
}

// computed is how many pairs went into batches.
func (s scraped) computed() int { return int(s["crossrank_batch_pairs_sum"]) }

// footprint is what a process holds besides memory.
type footprint struct{ goroutines, descriptors int }

// holds tells what the server holds, without the connection that asks for it.
func (p *process) holds(ctx context.Context) (footprint, error) {
	s, err := p.scrape(ctx)
	if err != nil {
		return footprint{}, err
	}
	return footprint{int(s["go_goroutines"]), int(s["process_open_fds"])}, nil
}

// settle waits until the server is idle and holds no more than before, or for the time given, and tells how much more it
// holds and how much work it still has.
func (p *process) settle(ctx context.Context, before footprint, slack int, within time.Duration) (more footprint, busy int, err error) {
	for deadline := time.Now().Add(within); ; pause(ctx, 200*time.Millisecond) {
		s, err := p.scrape(ctx)
		if err != nil {
			return more, busy, err
		}
		more = footprint{max(0, int(s["go_goroutines"])-before.goroutines), max(0, int(s["process_open_fds"])-before.descriptors)}
		busy = s.busy()
		if done := busy == 0 && more.goroutines <= slack && more.descriptors <= slack; done || time.Now().After(deadline) || ctx.Err() != nil {
			return more, busy, nil
		}
	}
}

// resident is the memory of the server that is in the machine's, in bytes.
func (p *process) resident() (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", p.cmd.Process.Pid))
	if err != nil {
		return 0, fmt.Errorf("reading the server's resident memory: %w", err)
	}
	var all, resident int64
	if _, err := fmt.Sscan(string(text), &all, &resident); err != nil {
		return 0, fmt.Errorf("reading the server's resident memory: %w", err)
	}
	return resident * int64(os.Getpagesize()), nil
}

// live is how much of the heap is in use right after a collection, in bytes.
func (p *process) live(ctx context.Context) (float64, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+p.admin+"/debug/pprof/heap?gc=1", nil)
	if err != nil {
		return 0, err
	}
	resp, err := once.Do(req)
	if err != nil {
		return 0, fmt.Errorf("having the server collect its garbage: %w", err)
	}
	_, err = io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
	if err != nil {
		return 0, fmt.Errorf("having the server collect its garbage: %w", err)
	}
	s, err := p.scrape(ctx)
	return s["go_memstats_heap_alloc_bytes"], err
}
