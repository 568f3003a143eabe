package experiment

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/load"
	"github.com/crossrank/crossrank/internal/results"
	"github.com/crossrank/crossrank/internal/stats"
)

// queue is a server that answers one request after another, in about the same time each.
type queue struct {
	service time.Duration
	rng     *rand.Rand
	clock   time.Duration // that all probes took
}

// serve works out when the requests of a schedule are answered, gives each to see until that has
// enough, and gives those that were sent until then.
func (q *queue) serve(schedule []time.Duration, see func(results.Request) error) []results.Request {
	var all []results.Request
	var free, enough time.Duration
	for i, at := range schedule {
		if enough > 0 && at > enough {
			break
		}
		free = max(free, at) + time.Duration(float64(q.service)*math.Exp(0.08*q.rng.NormFloat64()))
		r := results.Request{Seq: i, Intended: at, Started: at, Finished: free, Pairs: 10, Code: crossrank.OK}
		all = append(all, r)
		if enough == 0 && see != nil && see(r) != nil {
			enough = free
		}
	}
	q.clock += free
	return all
}

// p99 is what requests take at a rate, from a long run.
func (q *queue) p99(t *testing.T, rate float64) float64 {
	t.Helper()
	schedule, err := load.Arrivals{Process: "poisson", Rate: rate, Seed: 1234}.Schedule(50_000, 0)
	if err != nil {
		t.Fatal(err)
	}
	var ms []float64
	for _, r := range q.serve(schedule, nil) {
		ms = append(ms, float64(r.Latency())/1e6)
	}
	return stats.Sort(ms).Percentile(99)
}

// A search for three objectives at a server of known speed finds rates that keep them, not far
// below the highest that do, and takes minutes.
func TestSearchOfASimulatedServer(t *testing.T) {
	const percentile, most = 99, 662
	for seed := range uint64(4) {
		q := &queue{service: 17 * time.Millisecond, rng: rand.New(rand.NewPCG(seed, 0))}
		confirmed, probes := uint64(0), 0
		s := &rateSearch{needs: stats.Needed(percentile, 0), goals: []*goal{{ms: 50}, {ms: 100}, {ms: 200}}}
		s.probe = func(_ context.Context, rate float64, goals []*goal, confirm bool) ([]verdict, error) {
			probes++
			var bounds []float64
			for _, g := range goals {
				bounds = append(bounds, g.ms)
			}
			trust, least, from := provisionalRequests(percentile), leastProbe, seed*100
			if confirm {
				confirmed++
				trust, least, from = 0, leastConfirm, from+confirmed
			}
			schedule, err := load.Arrivals{Process: "poisson", Rate: rate, Seed: from}.Schedule(requestsFor(most, rate, least), 0)
			if err != nil {
				return nil, err
			}
			j := newSLOTest(percentile, len(schedule), trust, bounds...)
			j.least = least
			q.serve(schedule, j.record)
			var verdicts []verdict
			for _, b := range j.objectives {
				verdicts = append(verdicts, b.verdict)
			}
			return verdicts, nil
		}
		capacity := 1 / q.service.Seconds()
		if err := s.run(t.Context(), capacity); err != nil {
			t.Fatal(err)
		}
		if q.clock > 10*time.Minute {
			t.Errorf("seed %d: the search took %d probes and %v", seed, probes, q.clock)
		}
		for _, g := range s.goals {
			if g.note != "" || g.failing > g.passing*(1+1.01*resolution) {
				t.Errorf("seed %d, %g ms: found %+v", seed, g.ms, g)
			} else if at, twice := q.p99(t, g.passing), q.p99(t, 2*g.failing); at > 2*g.ms || twice < g.ms {
				t.Errorf("seed %d, %g ms: P99 is %.0f ms at the passing rate %.3g/s, and %.0f ms at twice the failing one",
					seed, g.ms, at, g.passing, twice)
			}
		}
	}
}
