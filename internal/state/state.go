// Package state holds the words for what a running model knows of itself: its [Queue], its
// [Batches], its [Cache], its [Prefixes], its [Cascade], its [Instance]s, its [Device], and the
// [Sample]s of its history.
//
// Each layer reports in these words what it alone knows, and every layer above passes them on
// unchanged: package batch counts batches, a pool its instances, metrics turns all of it into a
// history, and the edges, results files and reports read that. So a figure that a lower layer has
// cannot be lost on the way up, and none is copied field by field.
//
// The Add methods sum up what several queues, caches or models report. The types are plain values
// without locks; their zero values are empty.
package state

import "time"

// Queue is how much work waits and runs at one moment.
type Queue struct {
	Requests int           // with pairs that wait; a request counts until a batch takes its last pair
	Pairs    int           // waiting
	Tokens   int           // waiting
	Oldest   time.Duration // how long the oldest request has waited; 0 if none does

	RunningPairs  int // in batches being computed
	RunningTokens int // in batches being computed
}

// Add adds what waits and runs in another queue.
func (q *Queue) Add(other Queue) {
	q.Requests += other.Requests
	q.Pairs += other.Pairs
	q.Tokens += other.Tokens
	q.Oldest = max(q.Oldest, other.Oldest)
	q.RunningPairs += other.RunningPairs
	q.RunningTokens += other.RunningTokens
}

// Batches counts the batches started since the start, failed ones included. A pair that is computed
// again alone after its batch failed is not counted twice.
type Batches struct {
	Runs   int64 // how many batches
	Pairs  int64
	Tokens int64
	Padded int64 // tokens that padding every pair to the longest of its batch would have computed

	Longest int // tokens of the longest pair ever

	ByPairs, ByTokens Sizes // batches by size
}

// Count adds one batch, whose longest pair has that many tokens.
func (b *Batches) Count(pairs, tokens, longest int) {
	b.Runs++
	b.Pairs += int64(pairs)
	b.Tokens += int64(tokens)
	b.Padded += int64(pairs) * int64(longest)
	b.Longest = max(b.Longest, longest)
	b.ByPairs.Count(pairs)
	b.ByTokens.Count(tokens)
}

// Add adds the batches that another source has run.
func (b *Batches) Add(other Batches) {
	b.Runs += other.Runs
	b.Pairs += other.Pairs
	b.Tokens += other.Tokens
	b.Padded += other.Padded
	b.Longest = max(b.Longest, other.Longest)
	b.ByPairs.Add(other.ByPairs)
	b.ByTokens.Add(other.ByTokens)
}

// Cache counts how scores were reused since the start. A pair that is read in windows counts once a
// window.
type Cache struct {
	Hits      int64 // pairs whose scores were in the cache
	Coalesced int64 // pairs that waited for a score that was being computed
	Misses    int64 // pairs that had to be computed
	Evictions int64 // scores removed to make room

	Scores   int64 // in the cache now
	Bytes    int64 // that they take
	MaxBytes int64 // that they may take
}

// Add adds the counts of another cache.
func (c *Cache) Add(other Cache) {
	c.Hits += other.Hits
	c.Coalesced += other.Coalesced
	c.Misses += other.Misses
	c.Evictions += other.Evictions
	c.Scores += other.Scores
	c.Bytes += other.Bytes
	c.MaxBytes += other.MaxBytes
}

// Instance is what one instance of a model has done since the start, and what it does now.
type Instance struct {
	Name    string // unique in a process
	State   string // a word such as ready
	Threads int    // cores that a batch is split over

	QueuedPairs, QueuedTokens   int // waiting for this instance; 0 where all instances share a queue
	RunningPairs, RunningTokens int // in the batch being computed

	// Since the start. A batch that fails is run again pair by pair, and each of those runs counts.
	Batches, Pairs, Tokens int64
	Failures               int64         // runs that ended with an error or a panic; not among the others
	Busy                   time.Duration // spent computing, the current batch included

	Speed float64 // tokens per second while busy, over about the last ten seconds of it; 0 if nothing was computed
}

// Add makes in the sum of itself and another instance, which compute side by side. It keeps its
// name, and its state too unless the other one has another.
func (in *Instance) Add(other Instance) {
	if in.State != other.State {
		in.State = "mixed"
	}
	in.Threads += other.Threads
	in.QueuedPairs += other.QueuedPairs
	in.QueuedTokens += other.QueuedTokens
	in.RunningPairs += other.RunningPairs
	in.RunningTokens += other.RunningTokens
	in.Batches += other.Batches
	in.Pairs += other.Pairs
	in.Tokens += other.Tokens
	in.Failures += other.Failures
	in.Busy += other.Busy
	in.Speed += other.Speed
}

// TokensPerSecond is the Speed, or nil if nothing was computed.
func (in *Instance) TokensPerSecond() *float64 {
	if in.Speed == 0 {
		return nil
	}
	return new(in.Speed)
}

// Device is how much of a device, such as a GPU, engines use.
type Device struct {
	Memory int64 // bytes that are allocated there

	// Busy is how long the device has computed since the start, by its own clock. It is known only
	// if the device is Timed.
	Busy  time.Duration
	Timed bool
}

// Add adds what others use of a device. Their time is known if that of all of them is.
func (d *Device) Add(other Device) {
	d.Memory += other.Memory
	d.Busy += other.Busy
	d.Timed = d.Timed && other.Timed
}

// GPUIdentity is what tells a GPU from others. A field is empty if nothing says it.
type GPUIdentity struct {
	Name   string // such as "NVIDIA H200"; several may have the same one
	PCI    string // address on the bus, such as "0000:65:00.0"
	Vendor uint32 // number of its maker, by the PCI standard
	Model  uint32 // number of its kind, by its maker
}

// GPU is what a GPU's driver says of it: what all programs use of it, not this one alone. A field
// is nil if the driver does not say.
type GPU struct {
	GPUIdentity
	Index      int    // its place among all that drivers list
	UsedBytes  *int64 // of its memory
	TotalBytes *int64
	BusyPct    *float64 // of the driver's last interval, which is up to a second
}

// Prefixes counts how the keys and values of what sequences begin with were shared since the start,
// in models that compute it once for all pairs of a query.
type Prefixes struct {
	Hits   int64 // beginnings that were kept from earlier batches, wholly or in part
	Misses int64 // beginnings that were not
	Tokens int64 // tokens that were not computed again

	Kept     int64 // beginnings that are kept now
	Bytes    int64 // that they take
	MaxBytes int64 // that they may take
}

// Add adds the counts of another model.
func (p *Prefixes) Add(other Prefixes) {
	p.Hits += other.Hits
	p.Misses += other.Misses
	p.Tokens += other.Tokens
	p.Kept += other.Kept
	p.Bytes += other.Bytes
	p.MaxBytes += other.MaxBytes
}

// Since returns what was counted after an earlier moment. What is kept is that of now.
func (p Prefixes) Since(was Prefixes) Prefixes {
	p.Hits -= was.Hits
	p.Misses -= was.Misses
	p.Tokens -= was.Tokens
	return p
}

// Cascade counts the requests that were ranked in two stages since the start: by drafts of all
// pairs, and by full scores of those that may be among the first.
type Cascade struct {
	Requests int64
	Pairs    int64 // of these requests, all drafted
	Rescored int64 // of these pairs, also computed in full
	Stages   int64 // of these requests; two each, or more where the first rescored pairs left it open
	Widened  int64 // of these requests: a draft's error was larger than those that were measured

	Bound float64 // of the errors of drafts, as measured at the start: a difference of logits
}

// Add adds the counts of another model. The bound is the larger one.
func (c *Cascade) Add(other Cascade) {
	c.Requests += other.Requests
	c.Pairs += other.Pairs
	c.Rescored += other.Rescored
	c.Stages += other.Stages
	c.Widened += other.Widened
	c.Bound = max(c.Bound, other.Bound)
}
