package local

import "github.com/crossrank/crossrank/internal/state"

// Queue is how much work waits and runs at one moment:
//
//	Requests      int           // with pairs that wait
//	Pairs         int           // waiting
//	Tokens        int           // waiting
//	Oldest        time.Duration // how long the oldest request has waited; 0 if none does
//	RunningPairs  int           // in batches being computed
//	RunningTokens int           // in batches being computed
type Queue = state.Queue

// Batches counts the batches that were run since the model was opened:
//
//	Runs     int64 // how many batches
//	Pairs    int64
//	Tokens   int64
//	Padded   int64     // tokens that padding every pair to the longest of its batch would have computed
//	Longest  int       // tokens of the longest pair
//	ByPairs  [32]int64 // batches by their pairs: element k counts those over 2^(k−1) and up to 2^k
//	ByTokens [32]int64 // batches by their tokens, alike
type Batches = state.Batches

// Cache counts how scores were reused since the model was opened. A pair that is read in windows
// counts once a window.
//
//	Hits      int64 // pairs whose scores were in the cache
//	Coalesced int64 // pairs that waited for a score that was being computed
//	Misses    int64 // pairs that had to be computed
//	Evictions int64 // scores removed to make room
//	Scores    int64 // in the cache now
//	Bytes     int64 // that they take
//	MaxBytes  int64 // that they may take
type Cache = state.Cache

// Prefixes counts how the beginnings of pairs were shared since the model was opened:
//
//	Hits     int64 // beginnings that were kept from earlier batches, wholly or in part
//	Misses   int64 // beginnings that were not
//	Tokens   int64 // tokens that were not computed again
//	Kept     int64 // beginnings that are kept now
//	Bytes    int64 // that they take
//	MaxBytes int64 // that they may take
type Prefixes = state.Prefixes

// Cascade counts the requests that were ranked in two stages since the model was opened:
//
//	Requests int64
//	Pairs    int64   // of these requests, all scored in int8
//	Rescored int64   // of these pairs, scored in fp32 too
//	Stages   int64   // of these requests; two each, or more where the first rescored pairs left it open
//	Widened  int64   // of these requests, those in which an error of int8 was larger than Bound
//	Bound    float64 // of the errors of int8, as measured when the model opened: a difference of logits
type Cascade = state.Cascade

// DeviceState is how much of a device, such as a GPU, the engines use:
//
//	Memory int64         // bytes that are allocated there
//	Busy   time.Duration // how long it has computed since the model was opened, if it is Timed
//	Timed  bool          // the device tells its time
type DeviceState = state.Device

// GPUIdentity is what tells a GPU from others; a field is empty if nothing says it:
//
//	Name   string // such as "NVIDIA H200"; several may have the same one
//	PCI    string // address on the bus, such as "0000:65:00.0"
//	Vendor uint32 // number of its maker, by the PCI standard
//	Model  uint32 // number of its kind, by its maker
type GPUIdentity = state.GPUIdentity

// InstanceState is what one instance has done since the model was opened, and what it does now:
//
//	Name          string // empty
//	State         string // "ready"
//	Threads       int    // cores that a batch is split over; 0 on a device
//	QueuedPairs   int    // waiting for this instance; 0 where all instances share a queue
//	QueuedTokens  int    // of these pairs
//	RunningPairs  int    // in the batch being computed
//	RunningTokens int    // of these pairs
//	Batches       int64
//	Pairs         int64
//	Tokens        int64
//	Failures      int64         // runs that ended with an error or a panic; not among Batches
//	Busy          time.Duration // spent computing, the current batch included
//	Speed         float64       // tokens per second while busy, over about the last ten seconds of it
type InstanceState = state.Instance

// Queue reports how much work waits and runs.
func (m *Model) Queue() Queue { return m.pipeline.Queue() }

// Batches reports the batches of all instances together.
func (m *Model) Batches() Batches { return m.pipeline.Batches() }

// Cache reports how scores were reused; all of it is 0 where none are.
func (m *Model) Cache() Cache { return m.pipeline.Cache() }

// Prefixes reports how the beginnings of pairs, such as a decoder's instruction and query, were
// computed once for several; all of it is 0 where none are.
func (m *Model) Prefixes() Prefixes { return m.engines[0].Prefixes() }

// Cascade reports how requests were ranked in two stages; all of it is 0 without the quantization
// "cascade".
func (m *Model) Cascade() Cascade { return m.pipeline.Cascade() }

// Device reports how much of a device the engines use; nil for the CPU.
func (m *Model) Device() *DeviceState { return m.engines[0].Usage() }

// GPU is what tells the GPU that the engines compute on from others, as far as it is known; empty
// for the CPU.
func (m *Model) GPU() GPUIdentity { return m.engines[0].Properties().GPU }

// Tuning says in words how products are divided on the device, and by which times that was chosen;
// "" for the CPU.
func (m *Model) Tuning() string { return m.engines[0].Properties().Tuning }

// Instances reports what each instance has done and does, in the order of [Options.Instances].
// Their names are empty.
func (m *Model) Instances() []InstanceState {
	instances := m.pipeline.Instances()
	for i := range instances {
		instances[i].State, instances[i].Threads = "ready", m.engines[i].Properties().Threads
	}
	return instances
}
