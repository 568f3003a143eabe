package client

import (
	"bufio"
	"bytes"
	"os/exec"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/crossrank/crossrank"
)

// TestPythonServer speaks to a server in Python, whose gRPC and protobuf are other implementations.
// It is skipped where Python lacks them.
func TestPythonServer(t *testing.T) {
	c := dial(t, "grpc://127.0.0.1:"+pythonServer(t), Options{Dialect: Inference, Model: "m"})
	resp, err := c.Score(t.Context(), &crossrank.Request{Pairs: []crossrank.Pair{
		{Query: "qq", Passage: "é"}, {Query: "q", Passage: "bbb"}, {Query: "", Passage: ""}, {Query: "q\xff", Passage: "東京"},
	}})
	want := &crossrank.Response{Scores: []float32{-1, 2, 0, 0}, ScoreType: crossrank.Logit, Model: "m",
		Timing: crossrank.Timing{Total: 1500 * time.Microsecond}}
	if err != nil || !reflect.DeepEqual(resp, want) {
		t.Errorf("got %+v, %v; want %+v", resp, err, want)
	}
	for _, document := range []string{"fail", "status"} {
		_, err := c.Score(t.Context(), &crossrank.Request{Pairs: []crossrank.Pair{{Query: "q", Passage: document}}})
		if crossrank.CodeOf(err) != crossrank.Unavailable {
			t.Errorf("%s: got %v, want Unavailable", document, err)
		}
	}
	none, err := c.Score(t.Context(), &crossrank.Request{Pairs: []crossrank.Pair{{Query: "q", Passage: "tokens"}}})
	if err != nil || none.ScoreType != crossrank.NoScore || len(none.Scores) != 1 {
		t.Errorf("tokens: got %+v, %v; want a score of type none", none, err)
	}
	if info, err := c.Info(t.Context()); err != nil || info != (crossrank.Info{Model: "m"}) {
		t.Errorf("info: got %+v, %v; want the name that the client has", info, err)
	}
	if _, err := dial(t, c.target, Options{}).Info(t.Context()); err == nil {
		t.Error("it answers as a crossrank server does")
	}
}

// pythonServer starts the server and gives its port.
func pythonServer(t *testing.T) string {
	t.Helper()
	python := ""
	for _, name := range []string{"python3", "/usr/bin/python3"} {
		if exec.Command(name, "-c", "import grpc, grpc_tools").Run() == nil {
			python = name
			break
		}
	}
	if python == "" {
		t.Skip("no Python here has grpcio and grpcio-tools")
	}
	cmd := exec.Command(python, "testdata/inference_server.py", "../proto/inference/inference.proto")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stuck := time.AfterFunc(30*time.Second, func() { cmd.Process.Kill() })
	t.Cleanup(func() {
		stdin.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("the server in Python: %v: %s", err, &stderr)
		}
		stuck.Stop()
	})
	port, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatalf("the server in Python printed no port: %v: %s", err, &stderr)
	}
	return strings.TrimSpace(port)
}
