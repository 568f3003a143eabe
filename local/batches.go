package local

// Batches counts the batches that a [Model] has run since it was opened.
type Batches struct {
	Runs   int64
	Pairs  int64
	Tokens int64
	Padded int64 // tokens that padding every pair to the longest of its batch would have computed

	Longest int // tokens of the longest pair ever

	ByPairs, ByTokens [32]int64 // runs by size: class k holds those over 2^(k−1) and up to 2^k
}

// Batches reads the counters. It is cheap enough to be asked often.
func (m *Model) Batches() Batches { return Batches(m.pipeline.Batches()) }
