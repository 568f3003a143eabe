package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/client"
	"github.com/crossrank/crossrank/internal/browser"
	"github.com/crossrank/crossrank/internal/config"
	"github.com/crossrank/crossrank/internal/tinymodel"
)

// served is a server process with a load on it.
type served struct {
	cmd  *exec.Cmd
	addr string // of HTTP

	stopLoad context.CancelFunc
	load     sync.WaitGroup
	answered int // requests, by the load; read once it has stopped
}

// serveUnderLoad starts a server at an address and sends it requests without pause. An empty model
// is for the flags to say.
func serveUnderLoad(t *testing.T, model, addr string, flags ...string) *served {
	t.Helper()
	flags = append([]string{"serve", "--grpc-addr", "127.0.0.1:0", "--http-addr", addr}, flags...)
	if model != "" {
		flags = append(flags, "--model", model)
	}
	s := &served{cmd: exec.Command("crossrank", flags...)}
	s.cmd.Stderr = os.Stderr
	if !testing.Verbose() {
		s.cmd.Stderr = nil
	}
	stdout, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.stop(t) })
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatalf("the server did not get ready: %v", err)
	}
	var ready struct{ HTTP string }
	if err := json.Unmarshal([]byte(line), &ready); err != nil {
		t.Fatal(err)
	}
	s.addr = ready.HTTP
	c, err := client.Dial("http://"+s.addr, client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	s.stopLoad = cancel
	s.load.Go(func() {
		defer c.Close()
		for i := 0; ctx.Err() == nil; i++ {
			req := &crossrank.Request{}
			for j := range 1 + i%4 {
				req.Pairs = append(req.Pairs, crossrank.Pair{Query: "what is paris", Passage: strings.Repeat("paris is a city. ", 1+j*3)})
			}
			if _, err := c.Score(context.Background(), req); err == nil {
				s.answered++
			}
			time.Sleep(5 * time.Millisecond)
		}
	})
	return s
}

// quiet ends the load and gives how many requests it had answered.
func (s *served) quiet() int {
	s.stopLoad()
	s.load.Wait()
	return s.answered
}

func (s *served) stop(t *testing.T) {
	t.Helper()
	if s.stopLoad != nil {
		s.quiet()
	}
	if s.cmd.ProcessState != nil {
		return
	}
	s.cmd.Process.Signal(syscall.SIGTERM)
	stuck := time.AfterFunc(patience, func() { s.cmd.Process.Kill() })
	defer stuck.Stop()
	if err := s.cmd.Wait(); err != nil {
		t.Errorf("the server ended with %v", err)
	}
}

// metric is the sum of a metric's series as /metrics has them.
func (s *served) metric(t *testing.T, name string) float64 {
	t.Helper()
	resp, err := http.Get("http://" + s.addr + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	sum := 0.0
	for line := range strings.Lines(string(text)) {
		series, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		if series == name || strings.HasPrefix(series, name+"{") {
			v, err := strconv.ParseFloat(value, 64)
			if err != nil {
				t.Fatal(err)
			}
			sum += v
		}
	}
	return sum
}

func openPage(t *testing.T, opts browser.Options) *browser.Page {
	t.Helper()
	if _, err := browser.Find(); errors.Is(err, browser.ErrNone) {
		t.Skip(err)
	}
	p, err := browser.Open(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

// text is what an element of the page says.
func text(t *testing.T, p *browser.Page, id string) string {
	t.Helper()
	s, err := browser.Eval[string](p, fmt.Sprintf("document.getElementById(%q).innerText", id))
	if err != nil {
		t.Fatalf("reading #%s: %v", id, err)
	}
	return s
}

func await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for began := time.Now(); !ok(); time.Sleep(50 * time.Millisecond) {
		if time.Since(began) > patience {
			t.Fatalf("waited %v for %s", patience, what)
		}
	}
}

// count reads a number as people write it.
func count(s string) int {
	n, err := strconv.Atoi(strings.ReplaceAll(strings.TrimSpace(s), ",", ""))
	if err != nil {
		return -1
	}
	return n
}

// TestDashboard looks at the page of a server process under load, while it works, after it has
// stopped, and when it runs again.
func TestDashboard(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes and a browser")
	}
	p := openPage(t, browser.Options{})
	dir := t.TempDir()
	if err := tinymodel.Write(dir); err != nil {
		t.Fatal(err)
	}
	s := serveUnderLoad(t, dir, "127.0.0.1:0")
	if err := p.Visit("http://" + s.addr + "/"); err != nil {
		t.Fatal(err)
	}

	// Values move.
	await(t, "pairs", func() bool { return count(text(t, p, "pairs")) > 0 })
	first := count(text(t, p, "pairs"))
	await(t, "more pairs", func() bool { return count(text(t, p, "pairs")) > first })
	await(t, "a line in each of the charts of requests", func() bool {
		n, err := browser.Eval[int](p, `[...document.querySelectorAll("#grid figure")].filter(f => f.querySelector("path").getAttribute("d").includes("L")).length`)
		return err == nil && n >= 10
	})
	if state := text(t, p, "state"); state != "busy" && state != "ready" {
		t.Errorf("got state %q", state)
	}
	if hidden, err := browser.Eval[bool](p, `document.getElementById("meaningless").hidden`); err != nil || !hidden {
		t.Errorf("a model from a directory is called meaningless: %v", err)
	}
	if left, err := browser.Eval[float64](p, `(() => { const bar = document.getElementById("stages");
		return bar.getBoundingClientRect().right - bar.lastElementChild.getBoundingClientRect().right })()`); err != nil || left > 1 {
		t.Errorf("the bar of stages leaves %v pixels: %v", left, err)
	}
	if badges := text(t, p, "badges"); !strings.Contains(badges, filepath.Base(dir)) || !strings.Contains(badges, "fp32") {
		t.Errorf("got badges %q", badges)
	}

	// The form ranks.
	if err := errors.Join(p.Type("#query", "what is paris"), p.Type("#documents", "a fish.\nparis is a city."), p.Click("#rank")); err != nil {
		t.Fatal(err)
	}
	await(t, "a ranking", func() bool { return text(t, p, "try-status") == "2 documents ranked" })
	if got := text(t, p, "results"); !strings.Contains(got, "a fish.") || !strings.Contains(got, "paris is a city.") {
		t.Errorf("ranked: %q", got)
	}
	if got := text(t, p, "timing"); !strings.Contains(got, "inference") || strings.Contains(got, "–") {
		t.Errorf("times: %q", got)
	}

	// Refusals are shown by reason.
	resp, err := http.Post("http://"+s.addr+"/rerank", "application/json", strings.NewReader("{"))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	await(t, "the reason of a refusal", func() bool { return text(t, p, "rejections-note") == "1 invalid argument (http)" })

	// The page agrees with /metrics once nothing moves, and both with the load: it and the form
	// sent all there was.
	answered := s.quiet()
	if got, want := s.metric(t, "crossrank_requests_total"), answered+1; int(got) != want {
		t.Errorf("/metrics reports %v requests, %d were answered", got, want)
	}
	want := int(s.metric(t, "crossrank_pairs_total"))
	await(t, "the page to agree with /metrics", func() bool { return count(text(t, p, "pairs")) == want })

	// The keyboard moves a chart's cursor.
	label, err := browser.Eval[string](p, `(() => { const svg = document.querySelector("#grid svg"); svg.focus();
		svg.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowLeft", bubbles: true })); return svg.getAttribute("aria-label") })()`)
	if err != nil || !strings.Contains(label, "Latency in ms: P50") || !strings.Contains(label, " at ") {
		t.Errorf("with the keyboard: got label %q, %v", label, err)
	}

	if problems := p.Problems(); len(problems) > 0 {
		t.Errorf("the browser complains: %q", problems)
	}

	// The server goes and comes back.
	s.stop(t)
	await(t, "the page to miss the server", func() bool { return text(t, p, "state") == "disconnected" })
	again := serveUnderLoad(t, dir, s.addr)
	await(t, "the page to find the server", func() bool {
		state := text(t, p, "state")
		return (state == "busy" || state == "ready") && count(text(t, p, "pairs")) < want
	})
	again.quiet()

	for _, address := range p.Requests() {
		if u, err := url.Parse(address); err != nil || u.Host != s.addr {
			t.Errorf("the page asked for %s", address)
		}
	}
}

// TestDashboardOfAPool looks for what only some servers show: a badge per model, and the number of
// shared scores.
func TestDashboardOfAPool(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a process and a browser")
	}
	p := openPage(t, browser.Options{})
	dir := t.TempDir()
	one, other, file := filepath.Join(dir, "one"), filepath.Join(dir, "other"), filepath.Join(dir, "pool.yaml")
	pool := "model: " + one + "\nmodel_pool: {instances: [{}, {model: " + other + ", quantization: int8}]}\ncache: {max_bytes: 10000000}\n"
	if err := errors.Join(tinymodel.Write(one), tinymodel.Write(other), os.WriteFile(file, []byte(pool), 0o666)); err != nil {
		t.Fatal(err)
	}
	s := serveUnderLoad(t, "", "127.0.0.1:0", "--config", file, "--admin-addr", "127.0.0.1:0")
	if err := p.Visit("http://" + s.addr + "/"); err != nil {
		t.Fatal(err)
	}
	await(t, "both models", func() bool {
		badges := text(t, p, "badges")
		return strings.Contains(badges, "one fp32") && strings.Contains(badges, "other int8") && strings.Contains(badges, "instances2")
	})
	await(t, "shared scores", func() bool { return strings.Contains(text(t, p, "pairs-note"), " scores from the cache, ") })
	if hidden, err := browser.Eval[bool](p, `document.getElementById("metrics").hidden`); !hidden || err != nil {
		t.Errorf("there is a link to /metrics, which is elsewhere: %v", err)
	}
	if hidden, err := browser.Eval[bool](p, `document.getElementById("playground").hidden`); !hidden || err != nil {
		t.Errorf("there is a playground, though operators have their own address: %v", err)
	}
	if problems := p.Problems(); len(problems) > 0 {
		t.Errorf("the browser complains: %q", problems)
	}
}

// TestScreenshots takes pictures of the built-in model's page. They are kept where SCREENSHOTS
// says.
func TestScreenshots(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes and a browser")
	}
	keep := os.Getenv("SCREENSHOTS")
	var s *served
	for name, opts := range map[string]browser.Options{
		"light": {Width: 1280, Height: 900},
		"dark":  {Width: 1280, Height: 900, Dark: true},
		"phone": {Width: 390, Height: 844, Scale: 2, Phone: true},
	} {
		p := openPage(t, opts)
		if s == nil {
			s = serveUnderLoad(t, config.BuiltinModel, "127.0.0.1:0")
			if keep != "" {
				time.Sleep(time.Minute) // so that there is something to see
			}
		}
		if err := p.Visit("http://" + s.addr + "/"); err != nil {
			t.Fatal(err)
		}
		await(t, "pairs", func() bool { return count(text(t, p, "pairs")) > 0 })
		if err := p.Click("#rank"); err != nil {
			t.Fatal(err)
		}
		await(t, "a ranking", func() bool { return strings.HasSuffix(text(t, p, "try-status"), "documents ranked") })
		for _, id := range []string{"meaningless", "answer-note"} {
			if said := text(t, p, id); !strings.Contains(strings.ToLower(said), "mean nothing") {
				t.Errorf("%s: #%s does not say that scores mean nothing: %q", name, id, said)
			}
		}
		if wide, err := browser.Eval[int](p, "document.documentElement.scrollWidth - innerWidth"); err != nil || wide > 0 {
			t.Errorf("%s: the page is %d pixels wider than its window: %v", name, wide, err)
		}
		png, err := p.Picture(true)
		if err != nil {
			t.Fatal(err)
		}
		if keep != "" {
			if err := os.WriteFile(filepath.Join(keep, name+".png"), png, 0o666); err != nil {
				t.Fatal(err)
			}
		}
		if problems := p.Problems(); len(problems) > 0 {
			t.Errorf("%s: the browser complains: %q", name, problems)
		}
		p.Close()
	}
}
