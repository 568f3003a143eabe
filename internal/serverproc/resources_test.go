package serverproc

import (
	"os"
	"runtime"
	"strings"
	"testing"
)

func TestMetricsAndCollect(t *testing.T) {
	cfg := config(t, "admin", nil)
	cfg.Admin = true
	p := start(t, cfg)
	m, err := p.Metrics(t.Context())
	if err != nil || m["go_memstats_heap_alloc_bytes"] != 2000 {
		t.Errorf("metrics are %v, %v; want a heap of 2000 bytes", m, err)
	}
	if heap, err := p.Collect(t.Context()); err != nil || heap != 1000 {
		t.Errorf("after a collection: %v, %v; want 1000 bytes", heap, err)
	}
	if body, err := p.admin(t.Context(), "/nothing"); err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("a page that is not there: %v, %v; want status 404", body, err)
	}
}

func TestResident(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux reports the resident memory of another process")
	}
	p := start(t, config(t, "obey", nil))
	if n, err := p.Resident(); err != nil || n < int64(os.Getpagesize()) {
		t.Errorf("resident: %d bytes and %v, want some memory", n, err)
	}
	if err := p.Stop(); err != nil {
		t.Fatal(err)
	}
	if n, err := p.Resident(); err == nil {
		t.Errorf("a server that has exited has %d bytes resident, want an error", n)
	}
}

func TestParseMetrics(t *testing.T) {
	m, err := parseMetrics(strings.NewReader(`# HELP crossrank_requests_total Requests.
# TYPE crossrank_requests_total counter
crossrank_requests_total{code="overloaded"} 7

crossrank_batch_pairs_sum 1.5e+06
`))
	if err != nil || len(m) != 2 || m[`crossrank_requests_total{code="overloaded"}`] != 7 || m["crossrank_batch_pairs_sum"] != 1_500_000 {
		t.Errorf("got %v and %v", m, err)
	}
	for _, bad := range []string{"crossrank_ready\n", "crossrank_ready one\n"} {
		if _, err := parseMetrics(strings.NewReader(bad)); err == nil {
			t.Errorf("no error for %q", bad)
		}
	}
}
