package batch

import (
	"testing"
)

func TestTotals(t *testing.T) {
	b := New(func(values []int, results []int) error { copy(results, values); return nil }, Options{MaxItems: 4})
	defer b.Close()
	type item = Item[int, int]
	for _, costs := range [][]int{{1, 2, 3, 4, 5, 6}, {7}, {16, 17}} {
		var items []item
		for _, c := range costs {
			items = append(items, item{Cost: c})
		}
		if err := b.Do(t.Context(), Sender{}, items); err != nil {
			t.Fatal(err)
		}
	}
	// The batches are 1 2 3 4, then 5 6, then 7, then 16 17.
	got, want := b.Totals(), Totals{Runs: 4, Items: 9, Cost: 61, Padded: 16 + 12 + 7 + 34, Longest: 17}
	want.ByItems[0], want.ByItems[1], want.ByItems[2] = 1, 2, 1
	want.ByCost[3], want.ByCost[4], want.ByCost[6] = 1, 2, 1
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	twice := got
	twice.Add(got)
	if twice.Runs != 8 || twice.Padded != 138 || twice.Longest != 17 || twice.ByCost[4] != 4 {
		t.Errorf("added to itself: got %+v", twice)
	}
}
