package server

import (
	"context"
	"sync"
	"testing"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/client"
	"github.com/crossrank/crossrank/internal/scorertest"
)

// register is a scorer that notes whose requests it gets, and how urgent they are.
type register struct {
	scorertest.Fake
	mu       sync.Mutex
	caller   string
	priority int
}

func (r *register) Score(ctx context.Context, req *crossrank.Request) (*crossrank.Response, error) {
	r.mu.Lock()
	r.caller, r.priority = crossrank.CallerOf(ctx), req.Priority
	r.mu.Unlock()
	return r.Fake.Score(ctx, req)
}

// TestCallersAreToldApart asks over both protocols, with keys and without: the key tells whose a
// request is, or else the connection. Neither is anything that a caller could put into a request.
func TestCallersAreToldApart(t *testing.T) {
	ask := func(t *testing.T, r *running, of *register, key string) (names map[string]string) {
		names = map[string]string{}
		for protocol, target := range r.targets() {
			c := dialWith(t, target, client.Options{APIKey: key})
			for range 2 {
				req := request("q")
				req.Priority = 42
				if _, err := c.Score(t.Context(), req); err != nil {
					t.Fatal(err)
				}
				if before, again := names[protocol]; again && before != of.caller {
					t.Errorf("%s: two requests of a client are of callers %q and %q", protocol, before, of.caller)
				}
				names[protocol] = of.caller
				if of.priority != 42 {
					t.Errorf("%s: got priority %d, want 42", protocol, of.priority)
				}
			}
			if names[protocol] == "" {
				t.Errorf("%s: the caller is unknown", protocol)
			}
		}
		return names
	}
	t.Run("by keys", func(t *testing.T) {
		of := &register{}
		r := start(t, of, Config{APIKeys: []string{digest("one"), digest("two")}})
		one, two, again := ask(t, r, of, "one"), ask(t, r, of, "two"), ask(t, r, of, "one")
		if one["gRPC"] != one["HTTP"] || two["gRPC"] != two["HTTP"] || one["gRPC"] == two["gRPC"] || one["gRPC"] != again["gRPC"] {
			t.Errorf("got callers %q, %q and %q, want one a key", one, two, again)
		}
	})
	t.Run("by connections", func(t *testing.T) {
		of := &register{}
		r := start(t, of, Config{})
		one, two := ask(t, r, of, ""), ask(t, r, of, "nobody-asked-for-it")
		for protocol := range one { // two connections to different ports may come from the same one
			if one[protocol] == two[protocol] {
				t.Errorf("%s: two connections are of the caller %q, want one each", protocol, one[protocol])
			}
		}
	})
}
