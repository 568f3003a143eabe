package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/crossrank/crossrank/internal/tinymodel"
)

const deploy = "../../deploy"

// TestPrometheusFiles has Prometheus's own tool check the files and run the tests of the alerts.
func TestPrometheusFiles(t *testing.T) {
	promtool, err := exec.LookPath("promtool")
	if err != nil {
		t.Skip("promtool is not installed; it comes with Debian's package prometheus")
	}
	for _, args := range [][]string{
		{"check", "config", "prometheus.yml"},
		{"test", "rules", "tests.yml"},
	} {
		cmd := exec.Command(promtool, args...)
		cmd.Dir = filepath.Join(deploy, "prometheus")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
}

// TestMonitoringNamesExist holds the names in rules, alerts and the Grafana dashboard against what
// a server exposes.
func TestMonitoringNamesExist(t *testing.T) {
	dir := t.TempDir()
	if err := tinymodel.Write(dir); err != nil {
		t.Fatal(err)
	}
	s := serveUnderLoad(t, dir, "127.0.0.1:0")
	await(t, "the first request", func() bool { return s.metric(t, "crossrank_requests_total") > 0 })
	resp, err := http.Get("http://" + s.addr + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	exposed, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{"up": true}
	for line := range strings.Lines(string(exposed)) {
		if !strings.HasPrefix(line, "#") {
			known[line[:strings.IndexAny(line, "{ ")]] = true
		}
	}
	expressions := ruleExpressions(t, known)
	expressions = append(expressions, panelExpressions(t)...)
	if len(expressions) < 40 {
		t.Fatalf("only %d expressions were found", len(expressions))
	}
	// Figures of the machine and of its GPUs are exposed where it has them.
	for _, n := range []string{
		"crossrank_host_cpu_steal_seconds_total", "crossrank_cgroup_cpu_throttled_seconds_total",
		"crossrank_device_memory_bytes", "crossrank_device_busy_seconds_total",
		"crossrank_device_used_bytes", "crossrank_device_total_bytes", "crossrank_device_busy_ratio",
	} {
		known[n] = true
	}
	name := regexp.MustCompile(`\b(?:instance(?:_code)?:)?(?:crossrank|process|go)_[a-z0-9_:]+|\bup\b`)
	for _, e := range expressions {
		found := name.FindAllString(regexp.MustCompile(`"[^"]*"`).ReplaceAllString(e, `""`), -1)
		if len(found) == 0 {
			t.Errorf("there is no metric in %q", e)
		}
		for _, n := range found {
			if !known[n] {
				t.Errorf("%s, in %q, is not exposed", n, e)
			}
		}
	}
}

// ruleExpressions gives the expressions of rules and alerts, and adds what they record to the known
// names.
func ruleExpressions(t *testing.T, known map[string]bool) (all []string) {
	for _, file := range []string{"rules.yml", "alerts.yml"} {
		text, err := os.ReadFile(filepath.Join(deploy, "prometheus", file))
		if err != nil {
			t.Fatal(err)
		}
		var rules struct {
			Groups []struct {
				Rules []struct{ Record, Alert, Expr string }
			}
		}
		if err := yaml.Unmarshal(text, &rules); err != nil {
			t.Fatal(err)
		}
		for _, g := range rules.Groups {
			for _, r := range g.Rules {
				all = append(all, r.Expr)
				if r.Record != "" {
					known[r.Record] = true
				}
			}
		}
	}
	return all
}

func panelExpressions(t *testing.T) (all []string) {
	text, err := os.ReadFile(filepath.Join(deploy, "grafana", "crossrank.json"))
	if err != nil {
		t.Fatal(err)
	}
	var board struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
		Annotations struct{ List []struct{ Expr string } }
	}
	if err := json.Unmarshal(text, &board); err != nil {
		t.Fatal(err)
	}
	for _, p := range board.Panels {
		if len(p.Targets) == 0 {
			t.Errorf("panel %q shows nothing", p.Title)
		}
		for _, target := range p.Targets {
			all = append(all, target.Expr)
		}
	}
	for _, a := range board.Annotations.List {
		all = append(all, a.Expr)
	}
	return all
}

// TestPrometheusScrapes lets a real Prometheus watch a real server under load, and asks it.
func TestPrometheusScrapes(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	prometheus, err := exec.LookPath("prometheus")
	if err != nil {
		t.Skip("prometheus is not installed; it is Debian's package of that name")
	}
	dir := t.TempDir()
	if err := tinymodel.Write(dir); err != nil {
		t.Fatal(err)
	}
	s := serveUnderLoad(t, dir, "127.0.0.1:0")
	addr := startPrometheus(t, prometheus, s.addr)
	ask := func(query string) float64 {
		resp, err := http.Get("http://" + addr + "/api/v1/query?query=" + url.QueryEscape(query))
		if err != nil {
			return -1 // not up yet
		}
		defer resp.Body.Close()
		var reply struct {
			Data struct{ Result []struct{ Value [2]any } }
		}
		if err := json.NewDecoder(resp.Body).Decode(&reply); err != nil || len(reply.Data.Result) == 0 {
			return -1
		}
		var v float64
		fmt.Sscan(fmt.Sprint(reply.Data.Result[0].Value[1]), &v)
		return v
	}
	await(t, "a rate of pairs", func() bool { return ask("rate(crossrank_pairs_total[5s])") > 0 })
	await(t, "a recorded P99", func() bool { return ask("instance:crossrank_request_duration_seconds:p99_5m") > 0 })
	if got := ask(`up{job="crossrank"}`); got != 1 {
		t.Errorf("up is %v, want 1", got)
	}
	want := float64(s.quiet())
	await(t, "Prometheus to have seen every request", func() bool { return ask("sum(crossrank_requests_total)") == want })
	if got := ask("crossrank_request_duration_seconds_count"); got != want {
		t.Errorf("the histogram holds %v requests, want %v", got, want)
	}
}

// startPrometheus runs one with the project's configuration, made quicker and pointed at a server.
func startPrometheus(t *testing.T, path, target string) string {
	t.Helper()
	dir := t.TempDir()
	for _, file := range []string{"prometheus.yml", "rules.yml", "alerts.yml"} {
		text, err := os.ReadFile(filepath.Join(deploy, "prometheus", file))
		if err != nil {
			t.Fatal(err)
		}
		quick := strings.NewReplacer("interval: 5s", "interval: 500ms", "127.0.0.1:8080", target).Replace(string(text))
		if err := os.WriteFile(filepath.Join(dir, file), []byte(quick), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0") // a free port; nothing else takes it in the moment between
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	cmd := exec.Command(path, "--config.file="+filepath.Join(dir, "prometheus.yml"),
		"--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address="+addr)
	var log strings.Builder
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Signal(os.Interrupt)
		stuck := time.AfterFunc(patience, func() { cmd.Process.Kill() })
		defer stuck.Stop()
		cmd.Wait()
		if t.Failed() {
			t.Logf("Prometheus said: %s", &log)
		}
	})
	return addr
}
