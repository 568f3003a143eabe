package serving

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/crossrank/crossrank/internal/config"
	"github.com/crossrank/crossrank/internal/tinymodel"
)

// TestServer composes a server from settings, asks it over HTTP, and stops it.
func TestServer(t *testing.T) {
	dir := t.TempDir()
	if err := tinymodel.Write(dir); err != nil {
		t.Fatal(err)
	}
	settings := config.Default().WithModel(dir)
	settings.Server.GRPCAddr, settings.Server.HTTPAddr = "", "127.0.0.1:0"
	settings.Server.Limits.Documents = 2
	srv, err := Listen(settings, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	infos, err := srv.Open(t.Context(), "v1")
	if err != nil || len(infos) != 1 || infos[0].Model != filepath.Base(dir) || infos[0].Version != "v1" {
		t.Fatalf("got %+v and %v", infos, err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- srv.Run(ctx) }()

	for _, c := range []struct {
		path, body, want string
		status           int
	}{
		{"/rerank", `{"query": "paris", "texts": ["a city", "rome"]}`, `"score"`, 200},
		{"/rerank", `{"query": "paris", "texts": ["a", "b", "c"]}`, "more than 2 elements", 413},
		{"/tokenize", `{"inputs": "what is paris"}`, "paris", 200},
		{"/metrics", "", "crossrank_instance_batches_total", 200},
	} {
		status, body := ask(t, "http://"+srv.HTTPAddr()+c.path, c.body)
		if status != c.status || !strings.Contains(body, c.want) {
			t.Errorf("%s %s: got %d and %s, want %d with %s", c.path, c.body, status, body, c.status, c.want)
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if err := srv.Close(); err != nil {
		t.Error(err)
	}
}

// ask gets a page, or posts a body if there is one.
func ask(t *testing.T, url, body string) (status int, answer string) {
	t.Helper()
	method := http.MethodGet
	if body != "" {
		method = http.MethodPost
	}
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

// TestListenRefuses names the setting of an address that cannot be listened on, before any model is
// read.
func TestListenRefuses(t *testing.T) {
	settings := config.Default().WithModel("nowhere")
	settings.Server.GRPCAddr, settings.Server.HTTPAddr = "", "0.0.0.0:0"
	if srv, err := Listen(settings, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), "server.http_addr") {
		t.Errorf("got %v and %v, want an error that names server.http_addr", srv, err)
	}
	settings.Server.HTTPAddr = "127.0.0.1:0"
	srv, err := Listen(settings, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := srv.Open(t.Context(), "v1"); err == nil || !strings.Contains(err.Error(), "nowhere") {
		t.Errorf("got %v, want an error that names the model", err)
	}
	if err := srv.Close(); err != nil {
		t.Error(err)
	}
}
