// Package resultstest makes results for the tests of what is made from results, with figures that
// are easy to check.
package resultstest

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/crossrank/crossrank/internal/results"
)

// Repeats makes results with 8 repeats of two batch sizes, whose requests take about 50 ms, and
// longer by the part slower. Each repeat is off by up to 1 % either way, as a separate process,
// besides what its requests vary.
func Repeats(seed uint64, slower float64) *results.Results {
	rng := rand.New(rand.NewPCG(seed, 1))
	res := &results.Results{}
	for repeat := range 8 {
		for _, batch := range []int{8, 32} {
			m := &results.Measured{Configuration: results.Configuration{Index: len(res.Configurations), Batch: batch, Concurrency: 1, Repeat: repeat}}
			own := 1 + 0.02*(rng.Float64()-0.5)
			at := time.Duration(0)
			for i := range 100 {
				took := time.Duration(50e6 * (1 + slower) * own * (1 + 0.1*(rng.Float64()-0.5)))
				m.Requests = append(m.Requests, results.Request{Seq: i, Intended: at, Started: at, Finished: at + took, Pairs: batch, Code: "ok"})
				at += took
			}
			m.End = &results.ConfigurationEnd{Elapsed: at, Complete: true}
			res.Configurations = append(res.Configurations, m)
		}
	}
	return res
}

// OpenLoop makes results of an open loop at 50 and 100 requests/s, each of 20 ms. The second is
// sent 30 ms late for 100 of its 500 requests, so that response and service time differ. A search
// found 50/s. The name is one that pages must escape.
func OpenLoop() *results.Results {
	res := &results.Results{Run: results.Run{Name: `<script>alert("x")</script>`, Loop: "open"}}
	ms := time.Millisecond
	for i, rate := range []float64{50, 100} {
		gap := time.Duration(1e9 / rate)
		m := &results.Measured{Configuration: results.Configuration{Index: i, Batch: 4, Concurrency: 1, Arrival: "constant", Rate: rate, Objective: 40, Percent: 99}}
		for n := range 500 {
			at := time.Duration(n) * gap
			late := time.Duration(0)
			if i == 1 && n >= 100 && n < 200 {
				late = 30 * ms
			}
			m.Requests = append(m.Requests, results.Request{Seq: n, Intended: at, Started: at + late, Finished: at + late + 20*ms, Pairs: 4, Code: "ok",
				Tokens: 80, PaddedTokens: 100, Tokenize: ms, Queue: 2 * ms, Compute: 15 * ms})
		}
		m.End = &results.ConfigurationEnd{Elapsed: 500*gap + 20*ms, Complete: true}
		res.Configurations = append(res.Configurations, m)
	}
	res.SLOResults = []results.SLOResult{{Configuration: 1, Batch: 4, Percentile: 99, LatencyMS: 40, Capacity: 200, Passing: 50, Failing: 100}}
	return res
}

// Workers makes results of a server that answers two requests at once, each in 100 ms, under
// several numbers of workers.
func Workers(workers ...int) *results.Results {
	res := &results.Results{Run: results.Run{Machine: results.Machine{Cores: 2}}}
	for i, n := range workers {
		m := &results.Measured{Configuration: results.Configuration{Index: i, Batch: 4, Concurrency: n, Requests: 60, Mix: "documents a request: 4; seed 0"}}
		rounds := 60 / min(n, 2)
		took := time.Duration(100*max(1, n/2)) * time.Millisecond
		for k := range 60 {
			end := took + time.Duration(k/min(n, 2))*100*time.Millisecond
			m.Requests = append(m.Requests, results.Request{Seq: k, Intended: end - took, Started: end - took, Finished: end, Pairs: 4, Code: "ok"})
		}
		elapsed := time.Duration(rounds) * 100 * time.Millisecond
		m.End = &results.ConfigurationEnd{Configuration: i, Elapsed: elapsed, Complete: true, GeneratorCPU: elapsed / 10, Stability: &results.Stability{Stable: n < 8}}
		res.Configurations = append(res.Configurations, m)
	}
	return res
}

// Sweep makes results of configurations that differ in one setting, or in the batch size if key is
// empty. Values and the throughputs that they give come in turns. Every request has 10 pairs unless
// the batch size varies, 600 tokens, 400 of padding and 200 that were cut away.
func Sweep(name, key string, valuesAndSpeeds ...any) *results.Results {
	res := &results.Results{Run: results.Run{Name: name, Loop: "closed", Machine: results.Machine{Cores: 2},
		Settings: json.RawMessage(`{"batching":{"packing":true,"timeout_ms":0},"model_pool":{"instances":[{"threads":0}]}}`)}}
	for i := 0; i < len(valuesAndSpeeds); i += 2 {
		value, speed := valuesAndSpeeds[i], valuesAndSpeeds[i+1].(float64)
		m := &results.Measured{Configuration: results.Configuration{Index: i / 2, Batch: 10, Concurrency: 1}, End: &results.ConfigurationEnd{Complete: true}}
		if key != "" {
			m.Configuration.Set = []results.Setting{{Key: key, Value: fmt.Sprint(value)}}
		} else {
			m.Configuration.Batch = value.(int)
		}
		took := time.Duration(float64(m.Configuration.Batch) / speed * 1e9)
		at := time.Duration(0)
		for n := range 100 {
			m.Requests = append(m.Requests, results.Request{Seq: n, Intended: at, Started: at, Finished: at + took, Pairs: m.Configuration.Batch, Code: "ok",
				Tokens: 600, PaddedTokens: 1000, TruncatedTokens: 200})
			at += took
		}
		m.End.Elapsed = at
		res.Configurations = append(res.Configurations, m)
	}
	return res
}
