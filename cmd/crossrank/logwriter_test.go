package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/crossrank/crossrank/internal/tinymodel"
)

func TestLogWriter(t *testing.T) {
	var out bytes.Buffer
	w := newLogWriter(&out, func(int64) { t.Error("lines were lost") })
	for i := range 100 {
		fmt.Fprintf(w, "line %d\n", i)
	}
	w.Close()
	w.Close()
	w.Write([]byte("too late"))
	if lines := strings.Split(out.String(), "\n"); len(lines) != 101 || lines[0] != "line 0" || lines[99] != "line 99" {
		t.Errorf("it wrote\n%s", &out)
	}
}

func TestLogWriterDoesNotWait(t *testing.T) {
	const more = 50
	r, stalled := io.Pipe()
	lost := make(chan int64, 1)
	w := newLogWriter(stalled, func(n int64) { lost <- n })
	w.Write([]byte("first\n"))
	for len(w.lines) > 0 { // until it is being written, which stalls
		time.Sleep(time.Millisecond)
	}
	for range logBehind + more {
		w.Write([]byte("next\n"))
	}
	go io.Copy(io.Discard, r)
	if got := <-lost; got != more {
		t.Errorf("%d lines were lost, want %d", got, more)
	}
	w.Close()
}

// TestServeWithStalledLog: standard error is full and not read, and a request that is logged
// is answered all the same.
func TestServeWithStalledLog(t *testing.T) {
	dir := t.TempDir()
	if err := tinymodel.Write(dir); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	stdout, toStdout := io.Pipe()
	unread, stderr, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	code := make(chan int, 1)
	go func() {
		code <- run(ctx, []string{"serve", "--model", dir, "--grpc-addr", "", "--http-addr", "127.0.0.1:0"},
			strings.NewReader(""), toStdout, stderr)
		toStdout.Close()
	}()
	var ready struct{ HTTP string }
	if err := json.NewDecoder(stdout).Decode(&ready); err != nil {
		t.Fatal(err)
	}
	c := &http.Client{Timeout: patience}
	defer c.CloseIdleConnections()
	for i := range 1500 { // of more than 100 bytes of log each; a pipe holds 64 KiB
		resp, err := c.Get("http://" + ready.HTTP + "/nothing-is-here")
		if err != nil {
			t.Fatalf("request %d: %v", i, err)
		}
		io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
	}
	cancel()
	select {
	case got := <-code:
		if got != exitOK {
			t.Errorf("exit code %d, want 0", got)
		}
	case <-time.After(patience):
		t.Error("it does not end")
	}
	unread.Close() // which ends the write that stalls
	stderr.Close()
}
