package client

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/crossrank/crossrank"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// The suite of package scorertest runs over both protocols in the tests of the server.

func dial(t *testing.T, target string, opts Options) *Client {
	t.Helper()
	c, err := Dial(target, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func TestDialRefuses(t *testing.T) {
	tests := []struct{ target, says string }{
		{"", "scheme"},
		{"127.0.0.1:50051", "scheme"},
		{"localhost:50051", "scheme"},
		{"ftp://127.0.0.1:443", "scheme"},
		{"http://127.0.0.1:80,127.0.0.1:81", "has no port"},
		{"grpc://127.0.0.1:80,", "has no port"},
		{"grpc://127.0.0.1:80,127.0.0.1", "has no port"},
		{"dns://8.8.8.8/example.com:80", "DNS server"},
		{"dns:///example.com", "has no port"},
		{"dns:///example.com:80/x", "more than a host and a port"},
		{"unix:///run/x.sock", "scheme"},
		{"GRPC://127.0.0.1:1", "scheme"},
		{"grpc://127.0.0.1", "port"},
		{"grpc://127.0.0.1:", "port"},
		{"http://:8080", "host"},
		{"http://", "port"},
		{"http://127.0.0.1:8080/v1", "more than a host and a port"},
		{"http://127.0.0.1:8080?x=1", "more than a host and a port"},
		{"http://user:pw@127.0.0.1:8080", "more than a host and a port"},
		{"http://127.0.0.1:80 80", "not an address"},
		{"http://[::1:8080", "not an address"},
		{"http://127.0.0.1:eighty", "not an address"},
	}
	for _, tt := range tests {
		if _, err := Dial(tt.target, Options{}); err == nil || !strings.Contains(err.Error(), tt.says) ||
			!strings.Contains(err.Error(), "grpc://host:port") {
			t.Errorf("%q: got %v, want an error that says %q and what to give", tt.target, err, tt.says)
		}
	}
	for _, target := range []string{
		"grpc://localhost:1", "http://[::1]:1", "http://example.com:80/", "grpcs://localhost:1", "https://localhost:1",
		"grpc://127.0.0.1:1,[::1]:2,localhost:3", "dns:///localhost:1",
	} {
		dial(t, target, Options{})
	}
}

func TestDialRefusesOptions(t *testing.T) {
	for says, opts := range map[string]Options{
		"max_reply_bytes":    {MaxReplyBytes: -1},
		"retries":            {Retries: -1},
		"balance":            {Balance: "best"},
		"API key":            {APIKey: "two words"},
		"use grpcs or https": {TLS: TLS{ServerName: "x"}},
	} {
		if _, err := Dial("grpc://127.0.0.1:1", opts); err == nil || !strings.Contains(err.Error(), says) ||
			strings.Contains(err.Error(), "two words") {
			t.Errorf("%+v: got %v, want an error that says %q", opts, err, says)
		}
	}
	for says, files := range map[string]TLS{
		"no such file":   {CAFile: "nowhere.pem"},
		"in PEM":         {CAFile: "client_test.go"},
		"needs both":     {CertFile: "client_test.go"},
		"client_test.go": {CertFile: "client_test.go", KeyFile: "client_test.go"},
	} {
		for _, target := range []string{"grpcs://127.0.0.1:1", "https://127.0.0.1:1"} {
			if _, err := Dial(target, Options{TLS: files}); err == nil || !strings.Contains(err.Error(), says) {
				t.Errorf("%s, %+v: got %v, want an error that says %q", target, files, err, says)
			}
		}
	}
}

func request() *crossrank.Request {
	return &crossrank.Request{Pairs: []crossrank.Pair{{Query: "q", Passage: "a"}, {Query: "q", Passage: "b"}}}
}

func TestUnreachable(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	for _, target := range []string{"grpc://" + addr, "http://" + addr} {
		c := dial(t, target, Options{})
		_, err := c.Score(t.Context(), request())
		if crossrank.CodeOf(err) != crossrank.Unavailable || !strings.Contains(err.Error(), target) {
			t.Errorf("%s: got %v, want Unavailable that names the target", target, err)
		}
		if _, err := c.Info(t.Context()); crossrank.CodeOf(err) != crossrank.Unavailable {
			t.Errorf("%s: info: got %v, want Unavailable", target, err)
		}
	}
}

func TestSilentServer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0") // connections wait in its queue for ever
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, scheme := range []string{"grpc://", "http://"} {
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
		_, err := dial(t, scheme+l.Addr().String(), Options{}).Score(ctx, request())
		cancel()
		if crossrank.CodeOf(err) != crossrank.DeadlineExceeded {
			t.Errorf("%s: got %v, want DeadlineExceeded", scheme, err)
		}
	}
}

func TestRequestsThatNoServerCanRead(t *testing.T) {
	c := dial(t, "http://127.0.0.1:1", Options{})
	pair := make([]crossrank.Pair, 1)
	for name, req := range map[string]*crossrank.Request{
		"no pairs":                  {},
		"a negative length":         {Pairs: pair, MaxLength: -1},
		"a negative priority":       {Pairs: pair, Priority: -1},
		"a truncation that is none": {Pairs: pair, Truncation: 9},
	} {
		if _, err := c.Score(t.Context(), req); crossrank.CodeOf(err) != crossrank.InvalidArgument {
			t.Errorf("%s: got %v, want InvalidArgument", name, err)
		}
	}
}

// TestThirdPartyHTTPAnswers: what answers may be another server, a proxy, or broken.
func TestThirdPartyHTTPAnswers(t *testing.T) {
	tests := []struct {
		name   string
		status int
		header string // Retry-After
		body   string
		code   crossrank.Code
		retry  time.Duration
	}{
		{"vLLM's answer, out of order",
			200, "", `{"model":"m","data":[{"index":1,"score":0.5},{"index":0,"score":1}],"usage":{"total_tokens":7}}`, crossrank.OK, 0},
		{"an index twice", 200, "", `{"data":[{"index":0,"score":0.5},{"index":0,"score":1}]}`, crossrank.Internal, 0},
		{"an index out of range",
			200, "", `{"data":[{"index":0,"score":0.5},{"index":2,"score":1}]}`, crossrank.Internal, 0},
		{"a negative index", 200, "", `{"data":[{"index":0,"score":0.5},{"index":-1,"score":1}]}`, crossrank.Internal, 0},
		{"a score missing", 200, "", `{"data":[{"index":0,"score":0.5},{"index":1}]}`, crossrank.Internal, 0},
		{"too few scores", 200, "", `{"data":[{"index":0,"score":0.5}]}`, crossrank.Internal, 0},
		{"no scores", 200, "", `{}`, crossrank.Internal, 0},
		{"a score that is no float32",
			200, "", `{"data":[{"index":0,"score":1e99},{"index":1,"score":1}]}`, crossrank.Internal, 0},
		{"a page", 200, "", `<html>`, crossrank.Internal, 0},
		{"nothing", 200, "", ``, crossrank.Internal, 0},
		{"more than is taken", 200, "", `{"x":"` + strings.Repeat("x", 2000) + `"}`, crossrank.TooLarge, 0},
		{"no such path", 404, "", `not found`, crossrank.NotFound, 0},
		{"too many, from a proxy", 429, "7", ``, crossrank.Overloaded, 7 * time.Second},
		{"too many, a date", 429, "Wed, 21 Oct 2026 07:28:00 GMT", ``, crossrank.Overloaded, 0},
		{"too many, ours",
			429, "2", `{"error":"full","code":"overloaded","retry_after_ms":1100}`, crossrank.Overloaded, 1100 * time.Millisecond},
		{"an error that says ok", 500, "", `{"error":"odd","code":"ok"}`, crossrank.Internal, 0},
		{"an error with a code that is none", 503, "", `{"error":"odd","code":"bogus"}`, crossrank.Unavailable, 0},
		{"a bad gateway", 502, "", `<html>`, crossrank.Unavailable, 0},
		{"a gateway's timeout", 504, "", ``, crossrank.DeadlineExceeded, 0},
		{"a redirect", 302, "", ``, crossrank.Internal, 0},
		{"a teapot", 418, "", ``, crossrank.Internal, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if tt.header != "" {
					w.Header().Set("Retry-After", tt.header)
				}
				w.Header().Set("Location", "http://127.0.0.1:1/")
				w.WriteHeader(tt.status)
				fmt.Fprint(w, tt.body)
			}))
			defer server.Close()
			resp, err := dial(t, server.URL, Options{MaxReplyBytes: 1000}).Score(t.Context(), request())
			if got := crossrank.CodeOf(err); got != tt.code || (resp == nil) != (err != nil) {
				t.Fatalf("got %s (%v), want %s", got, err, tt.code)
			}
			if e, ok := err.(*crossrank.Error); err != nil && (!ok || e.RetryAfter != tt.retry || e.Message == "") {
				t.Errorf("got %#v, want to retry after %v, and a message", err, tt.retry)
			}
			if err == nil && (resp.Scores[0] != 1 || resp.Scores[1] != 0.5 || resp.ScoreType != crossrank.Probability ||
				resp.Usage.Tokens != 7) {
				t.Errorf("got %+v", resp)
			}
		})
	}
}

func TestRawScoresAreNotTakenOnTrust(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"data":[{"index":0,"score":0.5},{"index":1,"score":1}]}`)
	}))
	defer server.Close()
	req := request()
	req.Raw = true
	if _, err := dial(t, server.URL, Options{}).Score(t.Context(), req); crossrank.CodeOf(err) != crossrank.Internal {
		t.Errorf("a server that knows no raw_scores: got %v, want an error", err)
	}
	if _, err := dial(t, server.URL, Options{}).Info(t.Context()); crossrank.CodeOf(err) != crossrank.Internal {
		t.Errorf("info of a foreign server: got %v, want an error", err)
	}
}

// TestThirdPartyGRPCStatus: a status without a code of ours, as grpc itself and proxies make them.
func TestThirdPartyGRPCStatus(t *testing.T) {
	tests := []struct {
		status *status.Status
		want   crossrank.Code
	}{
		{status.New(codes.InvalidArgument, "x"), crossrank.InvalidArgument},
		{status.New(codes.ResourceExhausted, "x"), crossrank.Overloaded},
		{status.New(codes.ResourceExhausted, "grpc: received message larger than max (9 vs. 8)"), crossrank.TooLarge},
		{status.New(codes.Unimplemented, "x"), crossrank.Internal},
		{status.New(codes.Unavailable, "x"), crossrank.Unavailable},
		{status.New(codes.Canceled, "x"), crossrank.Canceled},
		{status.New(codes.Unauthenticated, "x"), crossrank.Unauthenticated},
		{status.New(codes.DataLoss, "x"), crossrank.Internal},
	}
	for _, tt := range tests {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		server := grpc.NewServer(grpc.UnknownServiceHandler(func(any, grpc.ServerStream) error { return tt.status.Err() }))
		go server.Serve(l)
		_, err = dial(t, "grpc://"+l.Addr().String(), Options{}).Score(t.Context(), request())
		if got := crossrank.CodeOf(err); got != tt.want {
			t.Errorf("%v: got %s (%v), want %s", tt.status, got, err, tt.want)
		}
		server.Stop()
	}
}
