package batch

import (
	"testing"

	"github.com/crossrank/crossrank/internal/fairqueue"
	"github.com/crossrank/crossrank/internal/state"
)

func TestBatches(t *testing.T) {
	b := New(func(values []int, results []int) error { copy(results, values); return nil }, Options{MaxPairs: 4, LengthAware: new(false)}, Runners{})
	defer b.Close()
	type item = Item[int, int]
	for _, costs := range [][]int{{1, 2, 3, 4, 5, 6}, {7}, {16, 17}} {
		var items []item
		for _, c := range costs {
			items = append(items, item{Tokens: c})
		}
		if err := b.Do(t.Context(), fairqueue.Sender{}, items); err != nil {
			t.Fatal(err)
		}
	}
	// The batches are 1 2 3 4, then 5 6, then 7, then 16 17.
	got, want := b.Batches(), state.Batches{Runs: 4, Pairs: 9, Tokens: 61, Padded: 16 + 12 + 7 + 34, Longest: 17}
	want.ByPairs[0], want.ByPairs[1], want.ByPairs[2] = 1, 2, 1
	want.ByTokens[3], want.ByTokens[4], want.ByTokens[6] = 1, 2, 1
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
