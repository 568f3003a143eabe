package main

import (
	"cmp"
	"slices"

	"github.com/crossrank/crossrank"
)

// benchOrders are the values of --order.
var benchOrders = []string{"as-is", "sorted"}

// sortedByLength orders pairs by their tokens and keeps those of requests that are evenly spaced
// over that order, so that a short run has short and long pairs alike. Requests take what it gives
// one after another.
func sortedByLength(model string, pairs []crossrank.Pair, batch, requests int) ([]crossrank.Pair, error) {
	reading, err := openReading(model)
	if err != nil {
		return nil, err
	}
	type measured struct {
		pair   crossrank.Pair
		length int
	}
	var ids []int32
	all := make([]measured, len(pairs))
	for i, p := range pairs {
		ids, _ = reading.Pair(ids[:0], p.Query, p.Passage)
		all[i] = measured{p, len(ids)}
	}
	slices.SortStableFunc(all, func(a, b measured) int { return cmp.Compare(a.length, b.length) })
	var out []crossrank.Pair
	for _, first := range spaced(len(all), batch, requests) {
		for _, m := range all[first:min(first+batch, len(all))] {
			out = append(out, m.pair)
		}
	}
	return out, nil
}

// spaced gives where requests begin among n pairs: at multiples of batch, evenly spaced if there
// are more than requests. 0 requests are no limit.
func spaced(n, batch, requests int) []int {
	total := (n + batch - 1) / batch
	count := total
	if requests > 0 {
		count = min(requests, total)
	}
	first := make([]int, count)
	for k := range first {
		first[k] = k * total / count * batch
	}
	return first
}
