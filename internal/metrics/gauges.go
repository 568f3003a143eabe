package metrics

import "time"

// Gauges are read when a sample is taken and when Prometheus asks. Each may be nil: what it would tell is then not
// measured, except for InFlight. They are called from several goroutines and must be quick.
type Gauges struct {
	Queue     func() Queue
	Batches   func() Batches
	Cache     func() Cache
	Instances func() []Instance

	// InFlight is how many requests are being worked on; nil means those inside the observed scorer.
	InFlight func() int
}

// Queue is how much work waits and runs at one moment.
type Queue struct {
	Requests int           // with pairs that wait
	Pairs    int           // waiting
	Tokens   int           // waiting
	Oldest   time.Duration // how long the oldest request has waited; 0 if none does

	RunningPairs  int
	RunningTokens int
}

// BatchSizes is how many classes [Batches] sorts batches into: class k holds sizes over 2^(k−1) and up to 2^k.
const BatchSizes = 32

// Batches counts the batches that were run since the start.
type Batches struct {
	Runs   int64
	Pairs  int64
	Tokens int64
	Padded int64 // tokens that padding every pair to the longest of its batch would have computed

	Longest int // tokens of the longest pair ever

	ByPairs, ByTokens [BatchSizes]int64 // runs by size
}

// Cache tells how scores were shared since the start.
type Cache struct {
	Hits      int64 // pairs, or windows of them, whose scores were remembered
	Coalesced int64 // those that waited for a score that was being computed
	Misses    int64 // those that had to be computed
	Evictions int64 // scores forgotten to make room

	Scores   int64 // remembered
	Bytes    int64 // that they take
	MaxBytes int64 // that they may take
}

// Instance counts what one engine instance did since the start, and says what it does now.
type Instance struct {
	Name         string
	State        string // a word such as ready or failed
	Batches      int64
	Pairs        int64
	Tokens       int64
	Busy         time.Duration // spent computing
	QueuedTokens int           // waiting for this instance; 0 where all share a queue
}

func read[T any](gauge func() T) *T {
	if gauge == nil {
		return nil
	}
	return new(gauge())
}
