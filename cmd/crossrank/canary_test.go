package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	crossrankv1 "github.com/crossrank/crossrank/proto/crossrank/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"

	"github.com/crossrank/crossrank/internal/tinymodel"
)

// TestNoTextReachesTheLog serves a whole run, sends texts in every place that a request has for
// them, good requests and bad ones, and looks for them in all that the server wrote. Every failed
// request has one line there, with its id and code. A name of a model is no text: where every name
// is accepted, the log has one that is not the model's, once.
func TestNoTextReachesTheLog(t *testing.T) {
	const canary = "zebrafinch"
	for _, c := range []struct {
		name, format, aliases string
		want                  int // lines of the log with the canary
	}{{"json", "json", "an-alias", 0}, {"text", "text", "an-alias", 0}, {"every name is accepted", "json", "", 1}} {
		t.Run(c.name, func(t *testing.T) {
			log, failed := serveCanary(t, canary, c.format, c.aliases)
			if got := strings.Count(log, canary); got != c.want || c.want > 0 && !strings.Contains(log, `"asked":"`+canary+`"`) {
				t.Errorf("a request's text is in the log %d times, want %d:\n%s", got, c.want, log)
			}
			for id, code := range failed {
				var lines []string
				for line := range strings.Lines(log) {
					if strings.Contains(line, `"`+id+`"`) || strings.Contains(line, "="+id+" ") {
						lines = append(lines, line)
					}
				}
				if len(lines) != 1 || !strings.Contains(lines[0], code) || !strings.Contains(lines[0], "request failed") {
					t.Errorf("request %s has lines %q, want one that says %s", id, lines, code)
				}
			}
			if got := strings.Count(log, "request failed"); got != len(failed) {
				t.Errorf("%d requests failed, the log reports %d:\n%s", len(failed), got, log)
			}
		})
	}
}

// serveCanary gives the standard error of a server that got the canary, and the codes of the
// requests that failed, by id.
func serveCanary(t *testing.T, canary, format, aliases string) (log string, failed map[string]string) {
	t.Helper()
	dir := t.TempDir()
	noModel := "" // the code of a request for a model that is not served
	if aliases != "" {
		noModel = "not_found"
		t.Setenv("CROSSRANK_ALIASES", aliases) // other names are refused
	}
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
			"--limits-documents", "3", "--log-format", format}, strings.NewReader(""), toStdout, &stderr)
		toStdout.Close()
	}()
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatalf("exit code %d before it was ready: %s", <-code, &stderr)
	}
	var ready struct{ GRPC, HTTP string }
	if err := json.Unmarshal([]byte(line), &ready); err != nil {
		t.Fatal(err)
	}

	failed = map[string]string{}
	for _, post := range []struct{ id, path, body, code string }{
		{"h-good", "/rerank", `{"query": "X", "texts": ["X", "X X"], "return_text": true}`, ""},
		{"h-cohere", "/v2/rerank", `{"query": "X", "documents": ["X"]}`, ""},
		{"h-unknown-key", "/rerank", `{"query": "X", "texts": ["X"], "X": 1}`, ""},
		{"h-cut", "/rerank", `{"query": "X", "texts": ["X`, "invalid_argument"},
		{"h-type", "/v1/rerank", `{"query": "X", "documents": {"X": "X"}}`, "invalid_argument"},
		{"h-value", "/rerank", `{"query": "X", "texts": ["X"], "truncation_direction": "X"}`, "invalid_argument"},
		{"h-model", "/v2/rerank", `{"model": "X", "query": "X", "documents": ["X"]}`, noModel},
		{"h-instruction", "/v1/rerank", `{"query": "X", "documents": ["X"], "instruction": "X"}`, "invalid_argument"},
		{"h-field", "/v1/rerank", `{"query": "X", "documents": [{"X": "X"}], "rank_fields": ["X", "X X"]}`, "invalid_argument"},
		{"h-many", "/rerank", `{"query": "X", "texts": ["X", "X", "X", "X"]}`, "too_large"},
		{"h-path", "/X?X=X", `X`, "not_found"},
		{"h-deadline", "/rerank", `{"query": "X", "texts": ["X"], "timeout_ms": "X"}`, "invalid_argument"},
	} {
		url := "http://" + ready.HTTP + strings.ReplaceAll(post.path, "X", canary)
		req, err := http.NewRequest(http.MethodPost, url, strings.NewReader(strings.ReplaceAll(post.body, "X", canary)))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("X-Request-Id", post.id)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if (resp.StatusCode != http.StatusOK) != (post.code != "") {
			t.Errorf("%s: got status %d", post.id, resp.StatusCode)
		}
		if post.code != "" {
			failed[post.id] = post.code
		}
	}

	conn, err := grpc.NewClient(ready.GRPC, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	service := crossrankv1.NewRerankServiceClient(conn)
	pair := &crossrankv1.Pair{Query: canary, Passage: canary}
	for _, call := range []struct {
		id   string
		in   *crossrankv1.ScoreRequest
		code string
	}{
		{"g-good", &crossrankv1.ScoreRequest{Pairs: []*crossrankv1.Pair{pair}}, ""},
		{"g-model", &crossrankv1.ScoreRequest{Pairs: []*crossrankv1.Pair{pair}, Model: canary}, noModel},
		{"g-many", &crossrankv1.ScoreRequest{Pairs: slices.Repeat([]*crossrankv1.Pair{pair}, 4)}, "too_large"},
		{"g-long", &crossrankv1.ScoreRequest{
			Pairs:   []*crossrankv1.Pair{{Query: canary, Passage: strings.Repeat(canary+" ", 600)}},
			Options: &crossrankv1.Options{Truncation: crossrankv1.Truncation_TRUNCATION_NEVER},
		}, "invalid_argument"},
	} {
		ctx := metadata.AppendToOutgoingContext(ctx, "x-request-id", call.id)
		if _, err := service.Score(ctx, call.in); (err != nil) != (call.code != "") {
			t.Errorf("%s: got %v", call.id, err)
		}
		if call.code != "" {
			failed[call.id], failed["s"+call.id] = call.code, call.code
		}
		stream, err := service.StreamScore(metadata.AppendToOutgoingContext(t.Context(), "x-request-id", "s"+call.id))
		if err != nil {
			t.Fatal(err)
		}
		stream.Send(&crossrankv1.StreamScoreRequest{Pairs: call.in.Pairs, Options: call.in.Options, Model: call.in.Model})
		stream.CloseSend()
		if _, err := stream.Recv(); (err != nil) != (call.code != "") {
			t.Errorf("stream of %s: got %v", call.id, err)
		}
	}
	cancel()
	if got := <-code; got != exitOK {
		t.Errorf("exit code %d: %s", got, &stderr)
	}
	return stderr.String(), failed
}
