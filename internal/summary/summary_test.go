package summary

import (
	"math"
	"testing"
	"time"

	"github.com/crossrank/crossrank/internal/results"
	"github.com/crossrank/crossrank/internal/resultstest"
)

// The report to match gives its average throughput as pairs over the time: 3200/532.51 is its 6.01
// s. The mean of its requests' own throughputs, from the counts and averages of its buckets, is
// 578.
func TestAverageThroughputIsTheSystems(t *testing.T) {
	ms := func(n int) time.Duration { return time.Duration(n) * time.Millisecond }
	res := &results.Results{Configurations: []*results.Measured{{
		Configuration: results.Configuration{Batch: 10, Concurrency: 2, Requests: 5},
		Requests: []results.Request{
			{Intended: 0, Started: ms(5), Finished: ms(10), Pairs: 10, Code: "ok", Tokens: 100, PaddedTokens: 200},
			{Intended: ms(0), Started: ms(0), Finished: ms(20), Pairs: 10, Code: "ok", Tokens: 100, PaddedTokens: 200},
			{Intended: ms(10), Started: ms(10), Finished: ms(40), Pairs: 10, Code: "ok", Tokens: 100, PaddedTokens: 200},
			{Intended: ms(20), Started: ms(20), Finished: ms(60), Pairs: 10, Code: "ok", Tokens: 100, PaddedTokens: 200},
			{Intended: ms(60), Started: ms(60), Finished: ms(61), Pairs: 10, Code: "overloaded", Error: "full"},
		},
		End: &results.ConfigurationEnd{Elapsed: ms(100), Complete: true},
	}}}
	c := Of(res).Configurations[0]
	for _, v := range []struct {
		what      string
		got, want float64
	}{
		{"system throughput, 40 pairs in 0.1 s", float64(c.PairsPerSecond), 400},
		{"tokens a second", float64(c.TokensPerSecond), 4000},
		{"mean latency, from the intended moment: 10 20 30 40", float64(c.Latency.Average), 25},
		{"median latency", float64(c.Latency.P50), 25},
		{"best throughput of a request", float64(c.PerRequest.Max), 1000},
		{"mean throughput of requests: 1000 500 333.3 250", float64(c.PerRequest.Average), 520.8333333333333},
		{"answered", float64(c.Answered), 4},
		{"failed", float64(c.Failed["overloaded"]), 1},
		{"bucket below the median", float64(c.Buckets[0].Count), 2},
		{"its average", float64(c.Buckets[0].Average), 750},
		{"bucket from P75, 32.5, to P90, 37", float64(c.Buckets[2].Count), 0},
		{"bucket above P90", float64(c.Buckets[3].Count), 1},
	} {
		if math.Abs(v.got-v.want) > 1e-9 {
			t.Errorf("%s: got %v, want %v", v.what, v.got, v.want)
		}
	}
	if c.Correlation > -0.8 || c.Correlation < -1 {
		t.Errorf("correlation is %v", c.Correlation)
	}
}

func TestKneeOfASweep(t *testing.T) {
	s := Of(resultstest.Workers(8, 1, 2, 4))
	if len(s.Knees) != 1 || s.Configurations[s.Knees[0].Configuration].Concurrency != 2 || s.Knees[0].Of != 4 || s.Knees[0].Lightest || s.Knees[0].Heaviest {
		t.Errorf("got %+v, want one at concurrency 2", s.Knees)
	}
	if k := Of(resultstest.Workers(2, 4, 8)).Knees; len(k) != 1 || !k[0].Lightest {
		t.Errorf("saturated throughout: %+v", k)
	}
	if k := Of(resultstest.Workers(1, 2)).Knees; len(k) != 0 {
		t.Errorf("of two: %+v", k)
	}
	probes := resultstest.Workers(1, 2, 4)
	for _, m := range probes.Configurations {
		m.Configuration.Search = results.SearchProbe
	}
	if k := Of(probes).Knees; len(k) != 0 {
		t.Errorf("of the probes of a search: %+v", k)
	}
}

// A probe that several objectives are judged by has a goodput for each of them.
func TestGoodputOfEachObjective(t *testing.T) {
	res := resultstest.OpenLoop()
	res.Configurations[0].Configuration.Search, res.Configurations[0].Configuration.Objective, res.Configurations[0].Configuration.Objectives = results.SearchConfirm, 10, []float64{10, 40}
	res.SLOResults[0].Passing = res.Configurations[0].Configuration.Rate
	s := Of(res)
	if c := s.Configurations[0]; c.Goodput != 0 || len(c.Goodputs) != 2 || !c.Goodputs[1].PerSecond.Measured() {
		t.Fatalf("goodput %v, of each %v; want 0 within 10 ms and some within 40 ms", c.Goodput, c.Goodputs)
	}
	if got := s.GoodputsOf(s.SLO[0]); len(got) != 1 || got[0] != s.Configurations[0].Goodputs[1].PerSecond {
		t.Errorf("the search came to the goodputs %v, want that within 40 ms", got)
	}
}
