package load

import (
	"context"
	"math"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/crossrank/crossrank"
)

// A rate that moves from 10 to 30 over 100 s makes 2,000 requests: (10·t + t²/10) of them by t.
func TestARateRamps(t *testing.T) {
	for _, c := range []struct {
		a         Arrivals
		tolerance float64 // of the number of requests
	}{
		{Arrivals{Process: "constant", Rate: 10, RampTo: 30}, 1},
		{Arrivals{Process: "poisson", Rate: 10, RampTo: 30, Seed: 1}, 160}, // 3.5 deviations of 2,000
		{Arrivals{Process: "gamma", Shape: 4, Rate: 10, RampTo: 30, Seed: 1}, 80},
		{Arrivals{Process: "constant", Rate: 30, RampTo: 10}, 1},
	} {
		const d = 100.0
		s, err := c.a.Schedule(0, 100*time.Second)
		if err != nil {
			t.Fatalf("%+v: %v", c.a, err)
		}
		slope := (c.a.RampTo - c.a.Rate) / d
		for _, at := range []float64{25, 50, 75, 100} {
			due := 0
			for _, x := range s {
				if x.Seconds() < at {
					due++
				}
			}
			if want := c.a.Rate*at + slope*at*at/2; math.Abs(float64(due)-want) > c.tolerance {
				t.Errorf("%+v: %d requests are due by %g s, want %g", c.a, due, at, want)
			}
		}
	}
}

func TestRampsThatCannotBe(t *testing.T) {
	for _, c := range []struct {
		what string
		a    Arrivals
		d    time.Duration
	}{
		{"no duration", Arrivals{Process: "constant", Rate: 1, RampTo: 2}, 0},
		{"a replay", Arrivals{Process: "replay", Trace: []time.Duration{0, time.Second}, RampTo: 2}, time.Minute},
	} {
		if _, err := c.a.Schedule(10, c.d); err == nil || !strings.Contains(err.Error(), "a ramp of the rate needs") {
			t.Errorf("%s: got %v", c.what, err)
		}
	}
	for _, cfg := range []Config{
		{Pairs: numbered(1), RampTo: 2},
		{Pairs: numbered(1), RampTo: 2, Duration: time.Second, Schedule: []time.Duration{0}},
	} {
		if _, err := Run(t.Context(), &fake{}, cfg); err == nil || !strings.Contains(err.Error(), "a ramp of workers needs") {
			t.Errorf("%+v: got %v", cfg, err)
		}
	}
}

// parallel counts the requests that it has in the middle of each second. Each takes 100 ms.
type parallel struct {
	now   atomic.Int64
	began time.Time
	most  map[int]int64 // by the second; turn guards it
	turn  chan struct{}
}

func (p *parallel) Score(_ context.Context, req *crossrank.Request) (*crossrank.Response, error) {
	n := p.now.Add(1)
	defer p.now.Add(-1)
	time.Sleep(50 * ms)
	if at := time.Since(p.began); at%time.Second == 450*ms {
		p.turn <- struct{}{}
		p.most[int(at.Seconds())] = max(p.most[int(at.Seconds())], n)
		<-p.turn
	}
	time.Sleep(50 * ms)
	return &crossrank.Response{Scores: make([]float32, len(req.Pairs))}, nil
}

func TestWorkersRamp(t *testing.T) {
	for _, c := range []struct {
		name     string
		from, to int
		want     []int64 // requests at a time, in each second
	}{
		{"up", 1, 4, []int64{1, 2, 3, 4}},
		{"down", 4, 1, []int64{4, 3, 2, 1}},
		{"nowhere", 2, 2, []int64{2, 2, 2, 2}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &parallel{began: time.Now(), most: map[int]int64{}, turn: make(chan struct{}, 1)}
				cfg := Config{Pairs: numbered(4), Batch: 1, Concurrency: c.from, RampTo: c.to, Duration: 4 * time.Second, sleep: sleep}
				if _, err := Run(t.Context(), p, cfg); err != nil {
					t.Fatal(err)
				}
				for second, want := range c.want {
					if got := p.most[second]; got != want {
						t.Errorf("second %d: %d requests at a time, want %d", second, got, want)
					}
				}
			})
		})
	}
}

// The warm-up has the workers of the beginning, and is in no interval.
func TestIntervals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got []Interval
		cfg := Config{
			Pairs: numbered(4), Batch: 2, Warmup: 3, Requests: 7, Every: 300 * ms, sleep: sleep,
			Interval: func(i Interval) { got = append(got, i) },
		}
		if _, err := Run(t.Context(), &fake{fails: func(call int) error {
			if call == 4 { // the second one that is measured
				return crossrank.Errorf(crossrank.Overloaded, "full")
			}
			return nil
		}}, cfg); err != nil {
			t.Fatal(err)
		}
		requests, failed, pairs, latencies, end := 0, 0, 0, 0, time.Duration(0)
		for _, i := range got {
			if i.From != end {
				t.Errorf("an interval begins at %v, the one before ended at %v", i.From, end)
			}
			requests, failed, pairs, latencies, end = requests+i.Requests, failed+i.Failed, pairs+i.Pairs, latencies+len(i.Latencies), i.To
		}
		if len(got) < 3 || requests != 7 || failed != 1 || pairs != 12 || latencies != 6 || got[len(got)-1].InFlight != 0 {
			t.Errorf("intervals are %+v", got)
		}
	})
}

// A scorer that does not answer ends no request, but intervals pass on.
func TestIntervalsOfAStall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 3500*ms)
		defer cancel()
		var got []Interval
		_, err := Run(ctx, hanging{}, Config{
			Pairs: numbered(2), Concurrency: 3, Requests: 9, Every: time.Second, sleep: sleep,
			Interval: func(i Interval) { got = append(got, i) },
		})
		if err == nil {
			t.Error("no error, though nothing was answered")
		}
		if len(got) != 3 || got[2].Requests != 0 || got[2].InFlight != 3 {
			t.Errorf("intervals are %+v, want three with 3 requests in flight", got)
		}
	})
}

// hanging answers when its caller leaves.
type hanging struct{}

func (hanging) Score(ctx context.Context, _ *crossrank.Request) (*crossrank.Response, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}
