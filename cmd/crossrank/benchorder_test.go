package main

import (
	"slices"
	"testing"
)

func TestSpaced(t *testing.T) {
	for _, c := range []struct {
		what               string
		n, batch, requests int
		want               []int
	}{
		{"as many as there are", 6, 2, 3, []int{0, 2, 4}},
		{"more than there are", 6, 2, 100, []int{0, 2, 4}},
		{"every other", 12, 2, 3, []int{0, 4, 8}},
		{"not a whole number apart", 10, 1, 4, []int{0, 2, 5, 7}},
		{"a last request that is short", 5, 2, 3, []int{0, 2, 4}},
		{"one", 100, 32, 1, []int{0}},
	} {
		if got := spaced(c.n, c.batch, c.requests); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, want %v", c.what, got, c.want)
		}
	}
}
