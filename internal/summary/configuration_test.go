package summary

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/crossrank/crossrank/internal/results"
	"github.com/crossrank/crossrank/internal/resultstest"
	"github.com/crossrank/crossrank/internal/state"
)

func ms(n float64) time.Duration { return time.Duration(n * float64(time.Millisecond)) }

// of makes the summary of one configuration with some requests.
func of(c results.Configuration, end *results.ConfigurationEnd, requests ...results.Request) *Configuration {
	s := Of(&results.Results{Configurations: []*results.Measured{{Configuration: c, Requests: requests, End: end}}})
	return &s.Configurations[0]
}

func TestNothingAnswered(t *testing.T) {
	failed := results.Request{Finished: ms(5), Pairs: 1, Code: "overloaded", Error: "full"}
	late := results.Request{Finished: ms(5), Pairs: 1, Code: "deadline_exceeded", Error: "late"}
	c := of(results.Configuration{Batch: 1, Concurrency: 1}, &results.ConfigurationEnd{Elapsed: ms(10), Complete: true}, failed, failed, late)
	for what, v := range map[string]Value{
		"throughput": c.PairsPerSecond, "tokens": c.TokensPerSecond, "latency": c.Latency.Average, "P99": c.Latency.P99,
		"correlation": c.Correlation, "queue": c.Stages.Queue, "goodput": c.Goodput, "generator": c.Generator,
	} {
		if v.Measured() {
			t.Errorf("%s is %v though nothing was answered", what, v)
		}
	}
	if c.Failed["overloaded"] != 2 || c.Failed["deadline_exceeded"] != 1 || c.FailedRequests() != 3 || c.FirstError != "full" || c.Answered != 0 {
		t.Errorf("failures: %v, %d in all, the first %q", c.Failed, c.FailedRequests(), c.FirstError)
	}
	if c.Counts() {
		t.Error("findings may rest on nothing")
	}
}

// A request that took no time, as a coarse clock has it, does not make a throughput infinite.
func TestNoTime(t *testing.T) {
	c := of(results.Configuration{Batch: 1, Concurrency: 1}, &results.ConfigurationEnd{Elapsed: ms(1)}, results.Request{Pairs: 3, Code: "ok"})
	if !c.PerRequest.Max.Measured() || c.Latency.Average != 1e-6 {
		t.Errorf("a request of no time has %v pairs/s and takes %v ms", c.PerRequest.Max, c.Latency.Average)
	}
}

func TestStages(t *testing.T) {
	request := func(total, tokenize, queue, compute float64) results.Request {
		return results.Request{Finished: ms(total), Pairs: 1, Code: "ok", Tokenize: ms(tokenize), Queue: ms(queue), Compute: ms(compute)}
	}
	c := of(results.Configuration{Batch: 1, Concurrency: 1}, nil, request(10, 1, 2, 3), request(20, 3, 4, 15))
	if got, want := c.Stages, (Stages{2, 3, 9, 2}); got != want {
		t.Errorf("stages are %+v, want %+v: the rest is 4 and, since a server's clock may run ahead, not less than 0", got, want)
	}
}

func TestEndOfAConfiguration(t *testing.T) {
	c := of(results.Configuration{Batch: 1, Concurrency: 1}, &results.ConfigurationEnd{Elapsed: time.Second, GeneratorCPU: 500 * time.Millisecond,
		Complete: true, Abandoned: 2, Invalid: "late", Stability: &results.Stability{Stable: true}}, results.Request{Finished: ms(5), Pairs: 1, Code: "ok"})
	if c.Generator != 50 || c.Abandoned != 2 || c.Invalid != "late" || !c.Stability.Stable || !c.Complete || c.Counts() {
		t.Errorf("got %+v; it is not valid, so nothing rests on it", c)
	}
	if cut := of(results.Configuration{Batch: 1, Concurrency: 1}, nil, results.Request{Finished: ms(5), Pairs: 1, Code: "ok"}); cut.Complete || cut.Seconds != 0.005 {
		t.Errorf("one that was cut off: complete %t after %v s, want until its last request", cut.Complete, cut.Seconds)
	}
}

func TestNames(t *testing.T) {
	for _, c := range []struct {
		c           Configuration
		name, short string
	}{
		{Configuration{Batch: 8, Concurrency: 2}, "batch=8, concurrency=2", "batch=8, conc=2"},
		{Configuration{Batch: 8, Concurrency: 2, Repeat: 1, Set: []results.Setting{{Key: "a.b", Value: "c"}}},
			"batch=8, concurrency=2, b=c, repeat 2", "batch=8, conc=2, b=c, repeat 2"},
		{Configuration{Batch: 4, Concurrency: 9, Arrival: "poisson", Rate: 18.0234, Search: "probe"},
			"batch=4, poisson at 18.02/s, probe", "batch=4, poisson at 18.02/s, probe"},
		{Configuration{Batch: 4, Concurrency: 9, Mix: "m"}, "documents=about 4, concurrency=9", "documents=about 4, conc=9"},
	} {
		if c.c.Name() != c.name || c.c.ShortName() != c.short {
			t.Errorf("got %q and %q, want %q and %q", c.c.Name(), c.c.ShortName(), c.name, c.short)
		}
	}
	set := []results.Setting{{Key: "x.mode", Value: "full"}, {Key: "y.threads", Value: "2"}}
	if got := SetWords(set); got != "mode=full, threads=2" {
		t.Errorf("settings are %q", got)
	}
	if got := SetWords(set, "mode"); got != "threads=2" {
		t.Errorf("settings but one are %q", got)
	}
	if got := SetWords(nil); got != "" {
		t.Errorf("no settings are %q", got)
	}
}

func TestPacing(t *testing.T) {
	sent := func(intended, started float64, code string) results.Request {
		r := results.Request{Intended: ms(intended), Started: ms(started), Finished: ms(started + 5), Pairs: 1, Code: "ok"}
		if code != "" {
			r.Code = results.Dropped
		}
		return r
	}
	open := results.Configuration{Batch: 1, Concurrency: 1, Arrival: "constant", Rate: 100, Objective: 500}
	for _, c := range []struct {
		what     string
		requests []results.Request
		valid    bool
		dropped  int
	}{
		{"on time", []results.Request{sent(0, 0, ""), sent(10, 10, ""), sent(20, 20, "")}, true, 0},
		{"within 1 % of the objective", []results.Request{sent(0, 0, ""), sent(10, 14, ""), sent(20, 20, "")}, true, 0},
		{"late", []results.Request{sent(0, 0, ""), sent(10, 18, ""), sent(20, 20, "")}, false, 0},
		{"dropped", []results.Request{sent(0, 0, ""), sent(10, 0, "d"), sent(20, 20, "")}, false, 1},
		{"all dropped", []results.Request{sent(0, 0, "d"), sent(10, 0, "d")}, false, 2},
		{"one alone has no rate", []results.Request{sent(0, 0, "")}, false, 0},
		{"nothing", nil, false, 0},
	} {
		p := of(open, nil, c.requests...).Pacing
		if p.Valid() != c.valid || p.Dropped != c.dropped || p.LagBound != 5 {
			t.Errorf("%s: valid %t with %d dropped and a bound of %v ms; %+v", c.what, p.Valid(), p.Dropped, p.LagBound, p)
		}
		if b, err := json.Marshal(p); err != nil || strings.Contains(string(b), "NaN") {
			t.Errorf("%s: as JSON %s, %v", c.what, b, err)
		}
	}
	if closed := of(results.Configuration{Batch: 1, Concurrency: 1}, nil, sent(0, 3, "")); closed.Pacing != nil || closed.Service != nil {
		t.Error("a closed loop has a pacing")
	}
}

func TestBuckets(t *testing.T) {
	var latency, throughput []float64
	for i := 1; i <= 100; i++ {
		latency, throughput = append(latency, float64(i)), append(throughput, 1000/float64(i))
	}
	buckets := bucketsOf(latency, throughput)
	var counts []int
	for _, b := range buckets {
		counts = append(counts, b.Count)
	}
	if !slices.Equal(counts, []int{50, 25, 15, 10}) || buckets[0].Max != 1000 || buckets[3].Min != 10 {
		t.Errorf("got %+v", buckets)
	}
	if buckets[0].From.Measured() || buckets[3].To.Measured() || buckets[1].From != buckets[0].To {
		t.Errorf("the edges are %+v", buckets)
	}
	for _, b := range bucketsOf(nil, nil) {
		if b.Count != 0 || b.Average.Measured() {
			t.Errorf("of nothing: %+v", b)
		}
	}
}

func TestOverall(t *testing.T) {
	config := func(search string, speed, latency float64) Configuration {
		return Configuration{Search: search, PairsPerSecond: Value(speed), Latency: Distribution{Average: Value(latency)}, Complete: true}
	}
	s := &Summary{Configurations: []Configuration{
		config(results.SearchProbe, 900, 1), config("", 100, 30), config(results.SearchCapacity, 300, 50), config("", math.NaN(), math.NaN()), config("", 200, 20),
	}}
	o := OverallOf(s.Configurations)
	if o.HighestThroughput != 2 || o.BestThroughput != 300 || o.LowestLatency != 4 || o.BestLatency != 20 || o.AvgThroughput != 200 ||
		math.Abs(float64(o.AvgLatency)-100.0/3) > 1e-9 {
		t.Errorf("got %+v: a probe is none of the configurations, the capacity of a search is", o)
	}
	if best := s.Best(func(a, b *Configuration) bool { return a.PairsPerSecond > b.PairsPerSecond }); best != &s.Configurations[4] {
		t.Errorf("the best is %+v", best)
	}
	none := OverallOf([]Configuration{config("", math.NaN(), math.NaN())})
	if none.HighestThroughput != -1 || none.LowestLatency != -1 || none.BestThroughput.Measured() || none.AvgLatency.Measured() {
		t.Errorf("of nothing measured: %+v", none)
	}
}

func TestGroups(t *testing.T) {
	s := Of(resultstest.Repeats(1, 0))
	groups := s.Groups()
	if len(groups) != 2 || groups[0].Name != "batch=8, conc=1" || len(groups[0].Repeats) != 8 {
		t.Fatalf("got %d groups, the first %q of %d repeats", len(groups), groups[0].Name, len(groups[0].Repeats))
	}
	values := groups[0].Values(Throughput)
	if m := groups[0].Median(Throughput); len(values) != 8 || m < slices.Min(values) || m > slices.Max(values) {
		t.Errorf("the median of %v is %v", values, m)
	}
	if got := groups[0].Values(func(*Configuration) Value { return Unmeasured }); len(got) != 0 {
		t.Errorf("what was not measured has the values %v", got)
	}
	s.Configurations[0].Search = results.SearchProbe
	if got := len(s.Groups()[1].Repeats); got != 7 {
		t.Errorf("a probe is one of %d repeats", got)
	}
}

func TestSpeedOfAQuality(t *testing.T) {
	s := Of(resultstest.Sweep("q", "m.quantization", "fp32", 100.0, "int8", 150.0))
	if v := s.SpeedOf(&results.Quality{Set: s.Configurations[1].Set}); math.Abs(float64(v)-150) > 1e-3 {
		t.Errorf("int8 runs at %v pairs/s", v)
	}
	if v := s.SpeedOf(&results.Quality{}); v.Measured() {
		t.Errorf("a server that was not measured runs at %v pairs/s", v)
	}
}

func TestSeriesAndUsage(t *testing.T) {
	at := func(s state.Sample) results.Sample {
		s.Time, s.IntervalS = time.Unix(1, 0), 2
		return results.Sample{Sample: s}
	}
	s := Of(&results.Results{Configurations: []*results.Measured{
		{Samples: []results.Sample{at(state.Sample{Pairs: 100, CPUPct: new(50.0), GPUMemoryBytes: new(int64(3 << 20))})}},
		{Samples: []results.Sample{at(state.Sample{CPUPct: new(150.0)}), at(state.Sample{})}},
	}})
	if len(s.Series) != 3 || s.Series[1].Configuration != 1 || s.Series[0].Throughput != 50 || s.Series[0].GPUMemory != 3 || s.Series[2].CPU.Measured() {
		t.Errorf("the series is %+v", s.Series)
	}
	usage := map[string]Usage{}
	for _, u := range s.Usage {
		usage[u.Name] = u
	}
	if u := usage["CPU Usage (%)"]; u.Average != 100 || u.Min != 50 || u.Max != 150 {
		t.Errorf("the CPU's usage is %+v, want the mean of the two samples that have it", u)
	}
	if u := usage["Queue Wait (ms)"]; u.Average.Measured() {
		t.Errorf("a wait that was not measured is %+v", u)
	}
}

func TestBatchingOfSettings(t *testing.T) {
	for settings, want := range map[string]*Batching{
		`{"batching":{"enabled":true,"max_batch_size":64,"packing":true}}`: {Enabled: true, MaxPairs: 64, Packing: true},
		`{"other":1}`: nil, `[]`: nil, ``: nil, `{"batching":3}`: nil,
	} {
		got := Of(&results.Results{Run: results.Run{Settings: json.RawMessage(settings)}}).Batching
		if (got == nil) != (want == nil) || got != nil && *got != *want {
			t.Errorf("%s: got %+v, want %+v", settings, got, want)
		}
	}
}

// Every figure that is not known is null in JSON, which knows no NaN.
func TestJSON(t *testing.T) {
	for what, res := range map[string]*results.Results{
		"nothing": {}, "an open loop": resultstest.OpenLoop(), "a configuration without requests": {Configurations: []*results.Measured{{}}},
	} {
		b, err := json.Marshal(Of(res))
		if err != nil || strings.Contains(string(b), "NaN") {
			t.Errorf("%s: %v, %s", what, err, b)
		}
	}
}
