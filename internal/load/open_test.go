package load

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/results"
)

const ms = time.Millisecond

// stalling answers one request after another, each in 5 ms, and stalls for a second once, in the
// middle of its first request that comes after 2 s.
type stalling struct {
	turn    chan struct{} // holds one; a mutex would keep the bubble's clock from moving
	began   time.Time
	stalled bool
}

func newStalling() *stalling { return &stalling{turn: make(chan struct{}, 1), began: time.Now()} }

func (s *stalling) Score(_ context.Context, req *crossrank.Request) (*crossrank.Response, error) {
	s.turn <- struct{}{}
	defer func() { <-s.turn }()
	if !s.stalled && time.Since(s.began) > 2*time.Second {
		s.stalled = true
		time.Sleep(time.Second)
	}
	time.Sleep(5 * ms)
	return &crossrank.Response{Scores: make([]float32, len(req.Pairs))}, nil
}

// keep records in a list.
func keep(to *[]results.Request) func(results.Request) error {
	return func(r results.Request) error {
		*to = append(*to, r)
		return nil
	}
}

// late counts the requests over 50 ms by a measure of them.
func late(records []results.Request, of func(*results.Request) time.Duration) int {
	n := 0
	for i := range records {
		if of(&records[i]) > 50*ms {
			n++
		}
	}
	return n
}

// A server stalls for 1 s while 100 requests per second are meant to be sent. The open loop reports
// that some 100 of the 600 had to wait; to a closed loop with one worker it is one slow request,
// and its P99 does not show it.
func TestOpenLoopReportsAStallThatAClosedLoopHides(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var records []results.Request
		schedule, err := Arrivals{Process: "constant", Rate: 100}.Schedule(600, 0)
		if err != nil {
			t.Fatal(err)
		}
		cfg := Config{Pairs: numbered(10), Batch: 1, Schedule: schedule, Record: keep(&records), sleep: sleep}
		if _, err := Run(t.Context(), newStalling(), cfg); err != nil {
			t.Fatal(err)
		}
		// In the stall, 100 come and 100 have to be caught up with: at 200 a second while 100 more
		// come, until 1 s later.
		if n := late(records, (*results.Request).Latency); len(records) != 600 || n < 150 || n > 210 {
			t.Errorf("open loop: %d of %d requests were late, want about 190 of 600", n, len(records))
		}
		for _, r := range records {
			if r.Lag() > ms {
				t.Fatalf("request %d was sent %v late, though the generator has its own clock", r.Seq, r.Lag())
			}
		}
	})
	synctest.Test(t, func(t *testing.T) {
		var records []results.Request
		cfg := Config{Pairs: numbered(10), Batch: 1, Requests: 600, Record: keep(&records)}
		if _, err := Run(t.Context(), newStalling(), cfg); err != nil {
			t.Fatal(err)
		}
		if n := late(records, (*results.Request).Latency); n != 1 {
			t.Errorf("closed loop: %d requests were late, and so it is not the naive loop of this test", n)
		}
	})
}

// slowSend makes the generator late: what it sleeps takes 20 ms longer.
func slowSend(ctx context.Context, d time.Duration) { sleep(ctx, d+20*ms) }

func TestLatencyCountsFromTheIntendedTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var records []results.Request
		schedule := []time.Duration{10 * ms, 20 * ms, 500 * ms}
		cfg := Config{Pairs: numbered(4), Batch: 2, Schedule: schedule, Record: keep(&records), sleep: slowSend}
		res, err := Run(t.Context(), &fake{}, cfg)
		if err != nil || res.Requests != 3 || res.Partial {
			t.Fatalf("got %+v and %v", res, err)
		}
		slices.SortFunc(records, func(a, b results.Request) int { return a.Seq - b.Seq })
		for i, r := range records {
			if r.Intended != schedule[i] || r.Service() != 100*ms || r.Latency() != r.Lag()+100*ms {
				t.Errorf("request %d: intended %v, lag %v, service %v, latency %v", i, r.Intended, r.Lag(), r.Service(), r.Latency())
			}
		}
		if records[0].Lag() != 20*ms || records[1].Lag() != 10*ms {
			t.Errorf("lags are %v and %v, want 20ms and 10ms", records[0].Lag(), records[1].Lag())
		}
	})
}

func TestRequestsBeyondTheBoundAreDroppedAndRecorded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var records []results.Request
		schedule, _ := Arrivals{Process: "constant", Rate: 100}.Schedule(10, 0) // each takes 100 ms: 10 would be under way
		f := &fake{}
		cfg := Config{Pairs: numbered(4), Batch: 1, Schedule: schedule, MaxUnderWay: 4, Record: keep(&records), sleep: sleep}
		res, err := Run(t.Context(), f, cfg)
		if err != nil || res.Errors[results.Dropped] != 6 || len(records) != 10 || f.most != 4 {
			t.Errorf("got %+v and %v with %d records, %d at once; want 6 dropped of 10, 4 at once", res, err, len(records), f.most)
		}
	})
}

func TestEnoughFinishesWhatIsUnderWay(t *testing.T) {
	for _, schedule := range [][]time.Duration{nil, {0, ms, 2 * ms, 3 * ms, 500 * ms, time.Hour}} {
		synctest.Test(t, func(t *testing.T) {
			var records []results.Request
			cfg := Config{Pairs: numbered(4), Batch: 1, Concurrency: 3, Requests: 50, Schedule: schedule, sleep: sleep}
			cfg.Record = func(r results.Request) error {
				if records = append(records, r); len(records) >= 2 {
					return ErrEnough
				}
				return nil
			}
			res, err := Run(t.Context(), &fake{}, cfg)
			want := 4
			if schedule == nil {
				want = 6 // records are made off the workers' path: each of the three may have sent its second request by then
			}
			if err != nil || res.Partial || res.Abandoned > 0 || len(records) < 3 || len(records) > want {
				t.Errorf("schedule %v: got %+v and %v with %d records, want up to %d, not partial", schedule, res, err, len(records), want)
			}
		})
	}
}

func TestOpenLoopStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 250*ms)
		defer cancel()
		schedule := []time.Duration{0, 200 * ms, time.Hour}
		res, err := Run(ctx, &fake{}, Config{Pairs: numbered(4), Batch: 1, Schedule: schedule, sleep: sleep})
		if err != nil || !res.Partial || res.Requests != 1 || res.Abandoned != 1 {
			t.Errorf("got %+v and %v, want partial with 1 answered and 1 abandoned", res, err)
		}
	})
}

// On a real clock no sleep ends early. How late it ends depends on what else the machine does, so
// it is logged.
func TestExactSleepIsNotEarly(t *testing.T) {
	var over []time.Duration
	for range 20 {
		began := time.Now()
		preciseSleep(t.Context(), ms)
		took := time.Since(began)
		for tries := 0; took < ms; tries++ { // a signal may end it early, which until allows for
			if tries == 100 {
				t.Fatalf("%d sleeps of 1 ms took %v together", tries, took)
			}
			preciseSleep(t.Context(), ms-took)
			took = time.Since(began)
		}
		over = append(over, took-ms)
	}
	slices.Sort(over)
	t.Logf("sleeps of 1 ms ended late by %v (median)", over[len(over)/2])
}
