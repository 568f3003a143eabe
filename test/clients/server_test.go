// Package clients runs published third-party clients, unmodified, against a crossrank server, and
// compares what they understand with what the server says in its own format. It is a separate
// module, so that nothing of it is ever part of crossrank.
package clients

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"
)

// model is the built-in one. Its scores mean nothing, but two routes must give the same ones.
const model = "builtin:minilm-l6"

const query = "What is the capital of the United States?"

var documents = []string{
	"Carson City is the capital city of the American state of Nevada.",
	"The Commonwealth of the Northern Mariana Islands is a group of islands in the Pacific Ocean. Its capital is Saipan.",
	"Washington, D.C. is the capital of the United States. It is a federal district.",
	"Capital punishment has existed in the United States since before it was a country.",
}

// base is the address of the server of most tests, which accepts any name of a model. strict is
// that of one with an alias, which refuses others. TestMain starts both.
var base, strict string

// alias is the other name of the strict server's model.
const alias = "rerank-english"

func TestMain(m *testing.M) {
	code, err := serve(m.Run)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(code)
}

// serve builds the program, starts it twice, runs the tests, and ends both.
func serve(run func() int) (code int, err error) {
	dir, err := os.MkdirTemp("", "crossrank-clients")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	program := filepath.Join(dir, "crossrank")
	if runtime.GOOS == "windows" {
		program += ".exe"
	}
	build := exec.Command("go", "build", "-o", program, "./cmd/crossrank")
	build.Dir = filepath.Join("..", "..")
	if out, err := build.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("building crossrank: %w\n%s", err, out)
	}
	var stop func() error
	if base, stop, err = start(program); err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, stop()) }()
	var stopStrict func() error
	if strict, stopStrict, err = start(program, "CROSSRANK_ALIASES="+alias); err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, stopStrict()) }()
	return run(), nil
}

// start runs the program as a server on a free port, with settings in its environment.
func start(program string, settings ...string) (address string, stop func() error, err error) {
	var stderr bytes.Buffer
	server := exec.Command(program, "serve", "--model", model, "--grpc-addr", "", "--http-addr", "127.0.0.1:0")
	server.Env = append(os.Environ(), settings...)
	server.Stderr = &stderr
	stdout, err := server.StdoutPipe()
	if err != nil {
		return "", nil, err
	}
	if err := server.Start(); err != nil {
		return "", nil, err
	}
	stuck := time.AfterFunc(time.Minute, func() { server.Process.Kill() })
	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	stuck.Stop()
	var ready struct{ HTTP string }
	if err == nil {
		err = json.Unmarshal(line, &ready)
	}
	if err != nil {
		server.Process.Kill()
		server.Wait()
		return "", nil, fmt.Errorf("the server did not get ready: %w\n%s", err, &stderr)
	}
	return "http://" + ready.HTTP, func() error {
		server.Process.Signal(syscall.SIGTERM)
		if err := server.Wait(); err != nil {
			return fmt.Errorf("the server ended with %w\n%s", err, &stderr)
		}
		return nil
	}, nil
}

// post sends JSON and reads the JSON of the reply, which must have a status.
func post(t *testing.T, path, body string, status int, out any) {
	t.Helper()
	postTo(t, base, path, body, status, out)
}

func postTo(t *testing.T, base, path, body string, status int, out any) {
	t.Helper()
	resp, err := http.Post(base+path, "application/json", bytes.NewReader([]byte(body)))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	reply, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != status {
		t.Fatalf("POST %s: %s, %v, want %d: %s", path, resp.Status, err, status, reply)
	}
	if err := json.Unmarshal(reply, out); err != nil {
		t.Fatalf("POST %s: %v: %s", path, err, reply)
	}
}

// asJSON is a value as it is in a body.
func asJSON(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // of a test's own value
	}
	return string(text)
}

// result is one document of a ranking, as any client reports it.
type result struct {
	Index int     `json:"index"`
	Score float64 `json:"score"`
}

// want is the ranking in the format of Text Embeddings Inference, which every other must agree
// with.
func want(t *testing.T) (ranking []result) {
	t.Helper()
	post(t, "/rerank", `{"query":`+asJSON(query)+`,"texts":`+asJSON(documents)+`}`, http.StatusOK, &ranking)
	if len(ranking) != len(documents) {
		t.Fatalf("got %d results for %d documents", len(ranking), len(documents))
	}
	for i, r := range ranking {
		if r.Score < 0 || r.Score > 1 || i > 0 && r.Score > ranking[i-1].Score {
			t.Fatalf("got %v, want probabilities, best first", ranking)
		}
	}
	return ranking
}

// runNode runs a program for Node.js with JSON on its standard input, and reads the JSON that it
// writes. Without Node.js or npm, the test is skipped.
func runNode(t *testing.T, out, in any, program string, args ...string) {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("there is no Node.js here")
	}
	if _, err := exec.LookPath("npm"); err != nil {
		t.Skip("there is no npm here to get the SDKs with")
	}
	cmd := exec.CommandContext(t.Context(), node, append([]string{program}, args...)...)
	cmd.Stdin = bytes.NewReader([]byte(asJSON(in)))
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	text, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v (npm install in this folder gets the SDKs): %s", err, &stderr)
	}
	if err := json.Unmarshal(text, out); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
}
