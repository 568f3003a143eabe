package pipeline

import "github.com/crossrank/crossrank/internal/batch"

// Batches counts the batches that were run since the start.
type Batches struct {
	Runs   int64
	Pairs  int64
	Tokens int64
	Padded int64 // tokens that padding every pair to the longest of its batch would have computed

	Longest int // tokens of the longest pair ever

	ByPairs, ByTokens [batch.Sizes]int64 // runs by size: class k holds those over 2^(k−1) and up to 2^k
}

// Batches reads the counters.
func (p *Pipeline) Batches() Batches {
	t := p.pool.Totals()
	return Batches{
		Runs: t.Runs, Pairs: t.Items, Tokens: t.Cost, Padded: t.Padded, Longest: t.Longest,
		ByPairs: t.ByItems, ByTokens: t.ByCost,
	}
}
