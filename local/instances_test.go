package local

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/network"
)

// TestInstancesNeverChangeAScore scores random requests of many callers on instances with one and
// two threads, in random batches, and wants the bits of each pair scored alone by the one engine of
// another model.
func TestInstancesNeverChangeAScore(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	var pairs []crossrank.Pair
	for i := range 16 {
		pairs = append(pairs, crossrank.Pair{
			Query:   fmt.Sprint("what is number ", i),
			Passage: strings.Repeat("it is the one after the last ", 1+rng.IntN(3)),
		})
	}
	alone := make([]float32, len(pairs))
	for i, p := range pairs {
		resp, err := open(t).Score(t.Context(), &crossrank.Request{Pairs: []crossrank.Pair{p}})
		if err != nil {
			t.Fatal(err)
		}
		alone[i] = resp.Scores[0]
	}
	for seed, routing := range []string{"first_idle", "round_robin", "least_busy", "smart_idle"} {
		t.Run(routing, func(t *testing.T) {
			m, err := Open(builtin, Options{
				Instances: []Instance{{Threads: 1}, {Threads: 2}, {}}, Routing: routing, Batching: Batching{MaxPairs: 5},
			})
			if err != nil {
				t.Fatal(err)
			}
			defer m.Close()
			var callers sync.WaitGroup
			sent := make([]int, 6)
			for c := range sent {
				callers.Go(func() {
					rng := rand.New(rand.NewPCG(uint64(seed), uint64(c)))
					for range 3 {
						order := rng.Perm(len(pairs))[:1+rng.IntN(6)]
						req := &crossrank.Request{}
						for _, i := range order {
							req.Pairs = append(req.Pairs, pairs[i])
						}
						resp, err := m.Score(t.Context(), req)
						if err != nil {
							t.Error(err)
							return
						}
						for place, i := range order {
							if resp.Scores[place] != alone[i] {
								t.Errorf("pair %d at place %d: got %v, want %v as alone", i, place, resp.Scores[place], alone[i])
							}
						}
						sent[c] += len(order)
					}
				})
			}
			callers.Wait()
			checkAccounts(t, m, sent, routing == "round_robin")
		})
	}
}

// checkAccounts holds what instances count against what was sent. Only some routings give each of
// them work, whatever else the machine does.
func checkAccounts(t *testing.T, m *Model, sent []int, all bool) {
	t.Helper()
	total := 0
	for _, n := range sent {
		total += n
	}
	var pairs int64
	states := m.Instances()
	for i, s := range states {
		pairs += s.Pairs
		worked := s.Batches > 0
		if s.Tokens < 3*s.Pairs || (s.Busy > 0) != worked || s.Speed <= 0 || s.Failures > 0 || all && !worked {
			t.Errorf("instance %d: got %+v, want the time of its work", i, s)
		}
	}
	if pairs != int64(total) || len(states) != 3 || states[0].Threads != 1 || states[1].Threads != 2 {
		t.Errorf("got %+v, want %d pairs in all, and threads 1 and 2", states, total)
	}
	if info := m.Info(); info.Instances != 3 || info.Threads != 1 {
		t.Errorf("got %+v, want 3 instances, the first with 1 thread", info)
	}
}

// TestSpeedIsKnownFromTheStart opens a model and asks nothing of it.
func TestSpeedIsKnownFromTheStart(t *testing.T) {
	m, err := Open(builtin, Options{Instances: []Instance{{Threads: 1}, {Threads: 1}}})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	for i, s := range m.Instances() {
		if s.Speed <= 0 || s.Batches != 0 || s.Tokens != 0 || s.Busy != 0 {
			t.Errorf("instance %d: got %+v, want a speed and no batches", i, s)
		}
	}
}

// TestMaxLengthBoundsEngines: engines have memory for pairs of the length that was asked for, not
// of the model's own.
func TestMaxLengthBoundsEngines(t *testing.T) {
	m, err := Open(builtin, Options{MaxLength: 40})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	for length, fits := range map[int]bool{40: true, 41: false} {
		err := m.engines[0].Logits([]network.Sequence{{IDs: make([]int32, length)}}, make([]float32, 1))
		if (err == nil) != fits {
			t.Errorf("a sequence of %d tokens: %v; want it to fit: %t", length, err, fits)
		}
	}
}
