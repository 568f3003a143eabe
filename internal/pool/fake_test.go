package pool

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/crossrank/crossrank/internal/batch"
	"github.com/crossrank/crossrank/internal/fairqueue"
	"github.com/crossrank/crossrank/internal/network"
)

// engine is an instance whose logits are a function of the ids alone. It takes a second for every
// speed tokens, and keeps the first id of each sequence, batch by batch.
type engine struct {
	speed int
	fault func(s network.Sequence) // may panic

	busy    atomic.Bool
	t       *testing.T
	mu      sync.Mutex
	batches [][]int32
}

func (e *engine) Logits(seqs []network.Sequence, out []float32) error {
	if e.busy.Swap(true) {
		e.t.Error("an instance computes two batches at once")
	}
	defer e.busy.Store(false)
	var firsts []int32
	tokens := 0
	for i, s := range seqs {
		if e.fault != nil {
			e.fault(s)
		}
		firsts = append(firsts, s.IDs[0])
		tokens += len(s.IDs)
		out[i] = hash(s.IDs)
	}
	e.mu.Lock()
	e.batches = append(e.batches, firsts)
	e.mu.Unlock()
	time.Sleep(time.Duration(tokens) * time.Second / time.Duration(e.speed))
	return nil
}

// got are the first ids of all that the engine has computed.
func (e *engine) got() []int32 {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Concat(e.batches...)
}

func hash(ids []int32) float32 {
	h := uint32(2166136261)
	for _, id := range ids {
		h = (h ^ uint32(id)) * 16777619
	}
	return float32(h % 1_000_003)
}

// open starts a pool over engines of those speeds, which ends with the test.
func open(t *testing.T, opts Options, speeds ...int) (*Pool, []*engine) {
	t.Helper()
	var fakes []*engine
	var engines []Engine
	for _, v := range speeds {
		e := &engine{speed: v, t: t}
		fakes, engines = append(fakes, e), append(engines, e)
	}
	p, err := New(engines, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p, fakes
}

// request makes items of those lengths, whose first ids are the request's number.
func request(number int32, lengths ...int) []Item {
	var items []Item
	for i, n := range lengths {
		ids := make([]int32, n)
		for j := range ids {
			ids[j] = int32(i*100 + j)
		}
		ids[0] = number
		items = append(items, Item{Value: network.Sequence{IDs: ids, TypeBoundary: 1}, Tokens: n})
	}
	return items
}

// later sends a request and waits until it is queued or computed.
func later(p *Pool, ctx context.Context, items []Item) <-chan error {
	c := make(chan error, 1)
	go func() { c <- p.Do(ctx, fairqueue.Sender{}, items) }()
	synctest.Wait()
	return c
}

// check holds that every item has its own result.
func check(t *testing.T, items []Item) {
	t.Helper()
	for i, it := range items {
		if want := hash(it.Value.IDs); it.Result != want || it.Run == nil {
			t.Errorf("item %d of request %d: got %v, want %v", i, it.Value.IDs[0], it.Result, want)
		}
	}
}

// pairsOfOne bounds batches to one pair.
var pairsOfOne = batch.Options{MaxPairs: 1}
