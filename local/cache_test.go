package local

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/crossrank/crossrank"
)

// TestSharingNeverChangesAScore has callers ask two instances for the same few pairs again and
// again, and wants the bits of each pair scored alone by a model that shares nothing.
func TestSharingNeverChangesAScore(t *testing.T) {
	var pairs []crossrank.Pair
	for i := range 8 {
		pairs = append(pairs, crossrank.Pair{
			Query:   fmt.Sprint("what is number ", i),
			Passage: strings.Repeat("it is the one after the last ", 1+i%3),
		})
	}
	for _, precision := range []string{"fp32", "int8"} {
		t.Run(precision, func(t *testing.T) {
			plain, err := Open(builtin, Options{Quantization: precision})
			if err != nil {
				t.Fatal(err)
			}
			defer plain.Close()
			alone := make([]float32, len(pairs))
			for i, p := range pairs {
				resp, err := plain.Score(t.Context(), &crossrank.Request{Pairs: []crossrank.Pair{p}, Raw: true})
				if err != nil {
					t.Fatal(err)
				}
				alone[i] = resp.Scores[0]
			}
			m, err := Open(builtin, Options{
				Instances: make([]Instance, 2), Quantization: precision, Batching: Batching{MaxPairs: 3},
				CacheBytes: 1200, Coalesce: true, // a few scores
			})
			if err != nil {
				t.Fatal(err)
			}
			defer m.Close()
			var callers sync.WaitGroup
			for c := range 4 {
				callers.Go(func() {
					rng := rand.New(rand.NewPCG(5, uint64(c)))
					for range 10 {
						req := &crossrank.Request{Raw: rng.IntN(2) == 0}
						var asked []int
						for range 1 + rng.IntN(4) {
							asked = append(asked, rng.IntN(len(pairs)))
							req.Pairs = append(req.Pairs, pairs[asked[len(asked)-1]])
						}
						resp, err := m.Score(t.Context(), req)
						if err != nil {
							t.Error(err)
							return
						}
						for place, i := range asked {
							want := alone[i]
							if resp.ScoreType == crossrank.Probability {
								want = crossrank.Sigmoid(want)
							}
							if resp.Scores[place] != want {
								t.Errorf("pair %d: got %v, want %v as alone", i, resp.Scores[place], want)
							}
						}
					}
				})
			}
			callers.Wait()
			if c := m.Cache(); c.Hits == 0 || c.Evictions == 0 || c.Bytes > 1200 {
				t.Errorf("got %+v, want some hits and some scores forgotten", c)
			}
		})
	}
}
