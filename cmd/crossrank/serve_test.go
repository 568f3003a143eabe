package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/client"
	"github.com/crossrank/crossrank/internal/tinymodel"
)

// TestServe runs the command in this process: its line, its answers over both protocols, its end.
func TestServe(t *testing.T) {
	dir := t.TempDir()
	if err := tinymodel.Write(dir); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	stdout, toStdout := io.Pipe()
	var stderr bytes.Buffer // written by the command alone, read once it has ended
	code := make(chan int, 1)
	go func() {
		code <- run(ctx, []string{"serve", "--model", dir, "--grpc-addr", "127.0.0.1:0", "--http-addr", "127.0.0.1:0",
			"--log-format", "json"}, strings.NewReader(""), toStdout, &stderr)
		toStdout.Close()
	}()

	out := bufio.NewReader(stdout)
	line, err := out.ReadString('\n')
	if err != nil {
		t.Fatalf("exit code %d before it was ready: %s", <-code, &stderr)
	}
	var ready struct{ GRPC, HTTP, Model string }
	if err := json.Unmarshal([]byte(line), &ready); err != nil || ready.Model != filepath.Base(dir) {
		t.Fatalf("it printed %q: %v", line, err)
	}
	req := &crossrank.Request{Pairs: []crossrank.Pair{{Query: "what is paris", Passage: "paris is a city."}, {}}}
	var scores [][]float32
	for _, target := range []string{"grpc://" + ready.GRPC, "http://" + ready.HTTP} {
		c, err := client.Dial(target, client.Options{})
		if err != nil {
			t.Fatal(err)
		}
		resp, err := c.Score(ctx, req)
		if err != nil {
			t.Fatalf("%s: %v", target, err)
		}
		info, err := c.Info(ctx)
		if err != nil || info.Model != filepath.Base(dir) || info.Version != programVersion() {
			t.Errorf("%s: info %+v, %v", target, info, err)
		}
		scores = append(scores, resp.Scores)
		c.Close()
	}
	if scores[0][0] != scores[1][0] || scores[0][1] != scores[1][1] || scores[0][0] == scores[0][1] {
		t.Errorf("got scores %v over gRPC and %v over HTTP, want the same, and of two pairs two", scores[0], scores[1])
	}

	cancel()
	if rest, err := io.ReadAll(out); err != nil || len(rest) > 0 {
		t.Errorf("it also printed %q on standard output: %v", rest, err)
	}
	if got := <-code; got != exitOK {
		t.Errorf("exit code %d, want 0: %s", got, &stderr)
	}
	if said := stderr.String(); !strings.Contains(said, "serving "+filepath.Base(dir)) || !strings.Contains(said, `"msg":"draining"`) {
		t.Errorf("standard error lacks what people want to know:\n%s", said)
	}
}
