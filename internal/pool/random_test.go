package pool

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/crossrank/crossrank/internal/batch"
	"github.com/crossrank/crossrank/internal/fairqueue"
	"github.com/crossrank/crossrank/internal/network"
	"github.com/crossrank/crossrank/internal/state"
)

// TestRandomInterleavings sends random requests of many callers through random pools: some callers
// leave early, some items make the engine panic. Everybody else gets the results of exactly their
// own items, and nothing is left behind.
func TestRandomInterleavings(t *testing.T) {
	for seed := range uint64(24) {
		rng := rand.New(rand.NewPCG(seed, 1))
		routing := Routings[seed%uint64(len(Routings))]
		var speeds []int
		for range 1 + rng.IntN(4) {
			speeds = append(speeds, 20_000+rng.IntN(200_000))
		}
		opts := Options{Routing: routing, Options: batch.Options{
			MaxTokens: 20 + rng.IntN(300), MaxPairs: 1 + rng.IntN(40), MaxQueuedTokens: rng.IntN(2) * 1000, Enabled: new(rng.IntN(4) > 0),
			LengthAware: new(rng.IntN(2) == 0), Timeout: time.Duration(rng.IntN(2)*rng.IntN(4000)) * time.Microsecond,
		}}
		t.Run(fmt.Sprintf("%s/%d", routing, seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { storm(t, seed, opts, speeds) })
		})
	}
}

// poison is a first id that makes the engine panic.
const poison = -1

func storm(t *testing.T, seed uint64, opts Options, speeds []int) {
	p, engines := open(t, opts, speeds...)
	for _, e := range engines {
		e.fault = func(s network.Sequence) {
			if s.IDs[0] == poison {
				panic("poison")
			}
		}
	}
	var done, left, failed, full, pairs atomic.Int64
	var callers sync.WaitGroup
	for caller := range 20 {
		callers.Go(func() {
			rng := rand.New(rand.NewPCG(seed, uint64(caller)+2))
			for n := range 20 {
				ctx, cancel := context.WithCancel(t.Context())
				leaves := rng.IntN(5) == 0
				if leaves {
					defer time.AfterFunc(time.Duration(rng.IntN(8000))*time.Microsecond, cancel).Stop()
				}
				items := randomRequest(rng, int32(caller*100+n))
				poisoned := -1
				if rng.IntN(20) == 0 {
					poisoned = rng.IntN(len(items))
					items[poisoned].Value.IDs[0] = poison
				}
				err := p.Do(ctx, fairqueue.Sender{Caller: fmt.Sprint(caller % 7), Priority: n % fairqueue.Priorities}, items)
				cancel()
				var item *batch.ItemError
				var tooMuch *batch.FullError
				switch {
				case err == nil && poisoned < 0:
					check(t, items)
					done.Add(1)
					pairs.Add(int64(len(items)))
				case errors.Is(err, context.Canceled) && leaves:
					left.Add(1)
				case errors.As(err, &item) && item.Index == poisoned:
					failed.Add(1)
				case errors.As(err, &tooMuch) && opts.MaxQueuedTokens > 0:
					full.Add(1)
				default:
					t.Errorf("caller %d, request %d, poisoned item %d: got error %v", caller, n, poisoned, err)
				}
			}
		})
	}
	callers.Wait()
	time.Sleep(time.Minute) // the batches of those who left last
	if st := p.Queue(); st != (state.Queue{}) {
		t.Errorf("when all is done: got %+v, want nothing left", st)
	}
	var counted, failures int64
	for _, s := range p.Instances() {
		counted += s.Pairs
		failures += s.Failures
	}
	if counted < pairs.Load() || failures < failed.Load() {
		t.Errorf("the instances count %d pairs and %d failures, want at least %d and %d", counted, failures, pairs.Load(), failed.Load())
	}
	if n := done.Load() + left.Load() + failed.Load() + full.Load(); n != 400 || done.Load() == 0 || failed.Load() == 0 {
		t.Errorf("done %d, left %d, failed %d, refused %d: want all 400, and some of the first and third",
			done.Load(), left.Load(), failed.Load(), full.Load())
	}
	p.Close()
}

func randomRequest(rng *rand.Rand, number int32) []Item {
	lengths := make([]int, 1+rng.IntN(12))
	for i := range lengths {
		lengths[i] = 1 + rng.IntN(40)
	}
	return request(number, lengths...)
}
