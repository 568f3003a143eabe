package serverproc

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/crossrank/crossrank/internal/procstat"
)

// Metrics are the values of /metrics by name and labels, such as
// crossrank_requests_total{code="ok"}.
type Metrics map[string]float64

// oneShot keeps no connection open after an answer: it would count among the server's descriptors.
var oneShot = &http.Client{Timeout: time.Minute, Transport: &http.Transport{DisableKeepAlives: true}}

// Metrics asks a server for its metrics.
func (p *Process) Metrics(ctx context.Context) (Metrics, error) {
	body, err := p.admin(ctx, "/metrics")
	if err != nil {
		return nil, fmt.Errorf("reading the server's metrics: %w", err)
	}
	defer body.Close()
	return parseMetrics(body)
}

// Collect has a server that was started with [Config.Admin] collect its garbage, and returns how
// many bytes of its heap are in use afterwards.
func (p *Process) Collect(ctx context.Context) (heap float64, err error) {
	body, err := p.admin(ctx, "/debug/pprof/heap?gc=1")
	if err != nil {
		return 0, fmt.Errorf("having the server collect its garbage: %w", err)
	}
	_, err = io.Copy(io.Discard, body)
	body.Close()
	if err != nil {
		return 0, fmt.Errorf("having the server collect its garbage: %w", err)
	}
	m, err := p.Metrics(ctx)
	return m["go_memstats_heap_alloc_bytes"], err
}

func (p *Process) admin(ctx context.Context, path string) (io.ReadCloser, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+cmp.Or(p.Admin, p.HTTP)+path, nil)
	if err != nil {
		return nil, err
	}
	resp, err := oneShot.Do(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		resp.Body.Close()
		return nil, fmt.Errorf("status %s", resp.Status)
	}
	return resp.Body, nil
}

// parseMetrics reads Prometheus's text format, without time stamps, which the server does not send.
func parseMetrics(r io.Reader) (Metrics, error) {
	m := Metrics{}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		i := strings.LastIndexByte(line, ' ')
		if i < 0 {
			return nil, fmt.Errorf("metrics hold the line %q, which has no value", line)
		}
		v, err := strconv.ParseFloat(line[i+1:], 64)
		if err != nil {
			return nil, fmt.Errorf("metrics hold the line %q: %w", line, err)
		}
		m[line[:i]] = v
	}
	return m, lines.Err()
}

// Resident returns how many bytes of the server's memory are in RAM. Only Linux reports that.
func (p *Process) Resident() (int64, error) {
	bytes := procstat.Resident(p.process.Pid)
	if bytes == nil {
		return 0, errors.New("the server's resident memory is not known: it has ended, or this system does not report it")
	}
	return *bytes, nil
}
