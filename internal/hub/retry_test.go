package hub

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/crossrank/crossrank/internal/hubtest"
)

// TestRetryAfter: a server's own wish is kept to, in seconds or as a date, and other waits grow.
func TestRetryAfter(t *testing.T) {
	hub, e, n := start(t)
	for _, c := range []struct {
		header   string
		from, to time.Duration
	}{
		{"7", 7 * time.Second, 7 * time.Second},
		{time.Now().Add(90 * time.Second).UTC().Format(http.TimeFormat), time.Second, 90 * time.Second},
		{`RateLimit: "resolvers";r=0;t=41`, 41 * time.Second, 41 * time.Second},
		{"", firstWait / 2, firstWait},
		{"soon", firstWait / 2, firstWait},
		{"-5", firstWait / 2, firstWait},
	} {
		hub.Handle(fault(hub, "/api/models/", 1, func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
			if value, ok := strings.CutPrefix(c.header, "RateLimit: "); ok {
				w.Header().Set("RateLimit", value)
			} else {
				w.Header().Set("Retry-After", c.header)
			}
			w.WriteHeader(http.StatusTooManyRequests)
		}))
		var waits []time.Duration
		p := newPuller(t, e, Options{})
		p.sleep = func(_ context.Context, d time.Duration) error { waits = append(waits, d); return nil }
		if _, err := p.Pull(t.Context(), n); err != nil {
			t.Fatal(err)
		}
		if len(waits) != 1 || waits[0] < c.from || waits[0] > c.to {
			t.Errorf("Retry-After %q: waited %v, want %v to %v", c.header, waits, c.from, c.to)
		}
	}
}

func TestWaitsGrow(t *testing.T) {
	var waits []time.Duration
	r := retry{note: func(string) {}, sleep: func(_ context.Context, d time.Duration) error { waits = append(waits, d); return nil }}
	var err error
	for err == nil {
		err = r.again(t.Context(), io.ErrUnexpectedEOF)
	}
	if len(waits) != maxTries-1 || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("%d waits, then %v", len(waits), err)
	}
	for i, wait := range waits {
		most := min(firstWait<<i, longestWait)
		if wait < most/2 || wait > most {
			t.Errorf("wait %d is %v, want %v to %v", i, wait, most/2, most)
		}
	}
}

// TestStalled: a connection that stays open and brings nothing is given up.
func TestStalled(t *testing.T) {
	hub, e, n := start(t)
	e.Timeout = 50 * time.Millisecond
	weights := someFiles()[weightsFile]
	hub.Handle(fault(hub, hubtest.Hash(weights), 1, func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
		w.Header().Set("Content-Length", fmt.Sprint(len(weights)))
		w.Write(weights[:9000])
		http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}))
	var stalled atomic.Bool
	p := newPuller(t, e, Options{Note: func(text string) {
		if strings.Contains(text, errStalled.Error()) {
			stalled.Store(true)
		}
	}})
	s, err := p.Pull(t.Context(), n)
	if err != nil {
		t.Fatal(err)
	}
	checkSnapshot(t, s, someFiles(), neededOfSome)
	if !stalled.Load() {
		t.Error("no note says that the connection brought nothing")
	}
}
