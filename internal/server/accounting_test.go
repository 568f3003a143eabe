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
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/client"
	"github.com/crossrank/crossrank/internal/metrics"
	"github.com/crossrank/crossrank/internal/scorertest"
)

// long asks for the lengths of a soak instead of those fit for every change.
var long = flag.Bool("long", false, "run the tests of faults and abuse at their full length")

// fates are the ways in which a request of TestAccounting can end, by the word that its query
// begins with.
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

// tally is what callers of one protocol met.
type tally struct {
	codes  map[crossrank.Code]int64
	tokens int64 // as the answers tell
	padded int64
}

// TestAccounting sends many requests, over both protocols, whose ends are known beforehand. Every
// one must end once and as it should, and the server must have counted the same, in its recorder
// and in every counter of /metrics.
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

	var got [2]tally
	for i, target := range []string{"grpc://" + r.GRPCAddr(), "http://" + r.HTTPAddr()} {
		c := dialWith(t, target, client.Options{})
		got[i].codes = map[crossrank.Code]int64{}
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
					usage, code := meet(c, &leaving, fate.word, n)
					if code != fate.want {
						t.Errorf("%s, request %d: %s ended as %s, want %s", target, n, fate.word, code, fate.want)
					}
					mu.Lock()
					got[i].codes[code]++
					got[i].tokens += int64(usage.Tokens)
					got[i].padded += int64(usage.PaddedTokens)
					mu.Unlock()
				}
			})
		}
		callers.Wait()
	}
	compareText(t, r.quiet(t, int64(requests/2*2)), got)
	if err := r.stop(); err != nil { // after which all that runs has ended
		t.Fatal(err)
	}
	compare(t, recorder.Snapshot(), got, int64(requests/2))
}

// meet sends a request to its fate.
func meet(c *client.Client, leaving *sync.Map, word string, n int64) (crossrank.Usage, crossrank.Code) {
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
	resp, err := c.Score(ctx, req)
	if err != nil {
		return crossrank.Usage{}, crossrank.CodeOf(err)
	}
	return resp.Usage, crossrank.OK
}

// quiet gives the metrics once the server has ended that many requests: callers who left do not
// wait for theirs.
func (r *running) quiet(t *testing.T, sent int64) map[string]float64 {
	t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		series := r.scrape(t)
		ended := 0.0
		for name, v := range series {
			if strings.HasPrefix(name, "crossrank_requests_total{") || strings.HasPrefix(name, "crossrank_edge_refusals_total{") {
				ended += v
			}
		}
		if int64(ended) >= sent && series["crossrank_requests_in_flight"] == 0 || time.Now().After(deadline) {
			if int64(ended) != sent {
				t.Errorf("%d requests were sent, /metrics tells of %v", sent, ended)
			}
			return series
		}
	}
}

// compareText holds every counter of /metrics against the callers' counts.
func compareText(t *testing.T, series map[string]float64, got [2]tally) {
	t.Helper()
	both := func(code crossrank.Code) int64 { return got[0].codes[code] + got[1].codes[code] }
	scored := func(code crossrank.Code) string { return fmt.Sprintf("crossrank_requests_total{code=%q}", code) }
	refused := func(code crossrank.Code, edge string) string {
		return fmt.Sprintf("crossrank_edge_refusals_total{code=%q,edge=%q}", code, edge)
	}
	left := int64(series[refused(crossrank.Canceled, "grpc")] + series[refused(crossrank.Canceled, "http")]) // before the scorer had them
	ok := both(crossrank.OK)
	want := map[string]int64{
		scored(crossrank.OK):         ok,
		scored(crossrank.Overloaded): both(crossrank.Overloaded),
		scored(crossrank.Internal):   both(crossrank.Internal),
		scored(crossrank.Canceled):   both(crossrank.Canceled) - left,

		"crossrank_pairs_total":                                    ok, // of one pair each
		"crossrank_request_pairs_sum":                              ok,
		"crossrank_request_pairs_count":                            ok,
		"crossrank_request_duration_seconds_count":                 ok,
		"crossrank_tokens_total":                                   got[0].tokens + got[1].tokens,
		"crossrank_padded_tokens_total":                            got[0].padded + got[1].padded,
		"crossrank_truncated_tokens_total":                         0,
		"crossrank_requests_in_flight":                             0,
		`crossrank_stage_duration_seconds_count{stage="tokenize"}`: ok,
		`crossrank_stage_duration_seconds_count{stage="queue"}`:    ok,
		`crossrank_stage_duration_seconds_count{stage="compute"}`:  ok,
		`crossrank_request_duration_seconds_bucket{le="+Inf"}`:     ok,
	}
	for i, edge := range []string{"grpc", "http"} {
		want[refused(crossrank.TooLarge, edge)] = got[i].codes[crossrank.TooLarge]
		want[refused(crossrank.NotFound, edge)] = got[i].codes[crossrank.NotFound]
	}
	for name, n := range want {
		if v, ok := series[name]; !ok || int64(v) != n {
			t.Errorf("/metrics: %s is %v, want %d", name, v, n)
		}
	}
	for name, v := range series { // and nothing that nobody met
		of, _, _ := strings.Cut(name, "{")
		if (of == "crossrank_requests_total" || of == "crossrank_edge_refusals_total") && v != 0 {
			if _, known := want[name]; !known && !strings.Contains(name, `"canceled"`) {
				t.Errorf("/metrics: %s is %v, want 0", name, v)
			}
		}
	}
}

// compare holds the server's counts against the callers', for each protocol.
func compare(t *testing.T, s metrics.Snapshot, got [2]tally, sent int64) {
	t.Helper()
	var all int64
	for _, code := range []crossrank.Code{
		crossrank.OK, crossrank.Overloaded, crossrank.Internal, crossrank.Canceled, crossrank.TooLarge, crossrank.NotFound,
	} {
		callers := got[0].codes[code] + got[1].codes[code]
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
