package local

import "github.com/crossrank/crossrank/internal/state"

// What a [Model] reports of itself; all of it is cheap enough to be asked for often.
type (
	Queue         = state.Queue    // how much work waits and runs at one moment
	Batches       = state.Batches  // counts of the batches run since the model was opened
	Cache         = state.Cache    // counts of how scores were reused since then
	Prefixes      = state.Prefixes // counts of how the beginnings of pairs were shared since then
	Cascade       = state.Cascade  // counts of the requests ranked in two stages since then
	DeviceState   = state.Device   // how much of a device the engines use
	InstanceState = state.Instance // what one instance has done since then, and what it does now
)

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

// Instances reports what each instance has done and does, in the order of [Options.Instances].
// Their names are empty.
func (m *Model) Instances() []InstanceState {
	instances := m.pipeline.Instances()
	for i := range instances {
		instances[i].State, instances[i].Threads = "ready", m.engines[i].Properties().Threads
	}
	return instances
}
