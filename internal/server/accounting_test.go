package server

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/client"
	"github.com/crossrank/crossrank/internal/metrics"
	"github.com/crossrank/crossrank/internal/scorertest"
)

// long asks for the lengths of a soak instead of those fit for every change.
var long = flag.Bool("long", false, "run the tests of faults and abuse at their full length")

// fates are the ways in which a request of TestAccounting can end, by the word that its query begins with.
var fates = []struct {
	word string
	want crossrank.Code
}{
	{"ok", crossrank.OK},
	{"ok", crossrank.OK},
	{"ok", crossrank.OK},
	{"full", crossrank.Overloaded},
	{"fault", crossrank.Internal},
	{"ok", crossrank.OK},
	{"panic", crossrank.Internal},
	{"leave", crossrank.Canceled},
	{"ok", crossrank.OK},
	{"large", crossrank.TooLarge},
	{"stranger", crossrank.NotFound},
}

// TestAccounting sends many requests, over both protocols, whose ends are known beforehand. Every one must end once and
// as it should, and the server must have counted the same.
func TestAccounting(t *testing.T) {
	t.Parallel()
	requests := 6_000
	switch {
	case *long:
		requests = 1_000_000
	case testing.Short():
		requests = 1_000
	}
	var leaving sync.Map // of the functions by which callers leave, by query
	fake := &scorertest.Fake{}
	recorder := metrics.New(metrics.Options{})
	r := startWith(t, scorerFunc(func(ctx context.Context, req *crossrank.Request) (*crossrank.Response, error) {
		query := req.Pairs[0].Query
		switch word, _, _ := strings.Cut(query, " "); word {
		case "full":
			return nil, crossrank.Errorf(crossrank.Overloaded, "full")
		case "fault":
			return nil, errors.New("a fault")
		case "panic":
			panic("a hole")
		case "leave":
			leave, _ := leaving.Load(query)
			leave.(context.CancelFunc)()
			<-ctx.Done()
			return nil, ctx.Err()
		}
		return fake.Score(ctx, req)
	}), Config{}, recorder)

	var got [2]map[crossrank.Code]int64
	for i, target := range []string{"grpc://" + r.GRPCAddr(), "http://" + r.HTTPAddr()} {
		c := dialWith(t, target, client.Options{})
		got[i] = map[crossrank.Code]int64{}
		var next atomic.Int64
		var mu sync.Mutex
		var callers sync.WaitGroup
		for range 16 {
			callers.Go(func() {
				for {
					n := next.Add(1)
					if n > int64(requests/2) {
						return
					}
					fate := fates[n%int64(len(fates))]
					code := meet(c, &leaving, fate.word, n)
					if code != fate.want {
						t.Errorf("%s, request %d: %s ended as %s, want %s", target, n, fate.word, code, fate.want)
					}
					mu.Lock()
					got[i][code]++
					mu.Unlock()
				}
			})
		}
		callers.Wait()
	}
	if err := r.stop(); err != nil { // after which all that runs has ended
		t.Fatal(err)
	}
	compare(t, recorder.Snapshot(), got, int64(requests/2))
}

// meet sends a request to its fate.
func meet(c *client.Client, leaving *sync.Map, word string, n int64) crossrank.Code {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	req := request(fmt.Sprint(word, " ", n))
	switch word {
	case "large":
		req.Pairs = make([]crossrank.Pair, 1001)
	case "stranger":
		req.Model = "nobody"
	case "leave":
		leaving.Store(req.Pairs[0].Query, cancel)
		defer leaving.Delete(req.Pairs[0].Query)
	}
	_, err := c.Score(ctx, req)
	return crossrank.CodeOf(err)
}

// compare holds the server's counts against the callers', for each protocol.
func compare(t *testing.T, s metrics.Snapshot, got [2]map[crossrank.Code]int64, sent int64) {
	t.Helper()
	var all int64
	for _, code := range []crossrank.Code{
		crossrank.OK, crossrank.Overloaded, crossrank.Internal, crossrank.Canceled, crossrank.TooLarge, crossrank.NotFound,
	} {
		callers := got[0][code] + got[1][code]
		all += callers
		counted := s.Codes[code] + s.Refused[metrics.GRPC][code] + s.Refused[metrics.HTTP][code]
		if counted != callers {
			t.Errorf("%s: callers met it %d times, the server counted %d", code, callers, counted)
		}
	}
	if all != 2*sent {
		t.Errorf("%d requests were sent, %d ended in a way that is known", 2*sent, all)
	}
	if s.InFlight != 0 {
		t.Errorf("%d requests are still under way", s.InFlight)
	}
}
