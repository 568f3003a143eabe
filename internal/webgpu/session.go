package webgpu

import (
	"fmt"
	"math"
	"unsafe"
)

// session is a model on an open device: its tensors, memory for one pass, and the steps of the
// pass. A device that is lost takes its session with it.
//
// All batches use the same memory: the device computes submissions one after another, and what is
// written for one is written in their order. Only what the host reads is there once a batch in
// flight.
type session struct {
	*device
	m       *model
	tile    attentionTile
	rows    int // most tokens of a pass
	reads   int // most sequences of a pass
	buffers []*buffer
	groups  []handle
	tensors map[*tensor]*buffer

	inputs, counts, ops, logits *buffer
	readsAt, itemsAt            int // regions of inputs, which begin with the tokens
	readItemsAt                 int
	opData                      []uint32
	steps                       []step

	querySet   handle
	timestamps *buffer
	slots      chan *slot
	last       <-chan struct{} // of the last flight: closed when it has arrived
}

// slot is what one batch in flight has for itself: memory that the host reads.
type slot struct{ result *buffer }

// batchesInFlight is how many batches may be submitted and not yet read, unless more are asked for:
// while one is computed, the next one is copied and the last one read.
const batchesInFlight = 2

// A pass takes as many tokens as fit in scratchBytes, between the longest sequence and mostRows.
const (
	scratchBytes = 512 << 20
	mostRows     = 16384
	mostReads    = 4096
)

// opWords is the distance of the settings of two steps in their buffer, in words of four bytes:
// the alignment that every device accepts.
const opWords = 64

// newSession opens a device and puts a model on it. Matrix units are an experiment of libraries: if
// a device cannot be used with them, it is used without.
func newSession(lib *library, m *model) (*session, error) {
	s, err := tryNewSession(lib, m)
	if err == nil || !m.withMatrices {
		return s, err
	}
	chosen := m.tuned
	m.forgoMatrices("the device cannot be used with them: " + err.Error())
	s, without := tryNewSession(lib, m)
	if without != nil { // so they are not the reason: a device may come back later
		m.withoutMatrices, m.withMatrices, m.tuned = "", true, chosen
		return nil, err
	}
	return s, nil
}

func tryNewSession(lib *library, m *model) (*session, error) {
	d, err := openDevice(lib, m.device, needs{f16: m.f16, plain: m.plain, withoutMatrices: m.withoutMatrices})
	if err != nil {
		return nil, err
	}
	m.withMatrices = d.matrices.used()
	s, err := newSessionOn(d, m)
	if err != nil {
		d.close()
	}
	return s, err
}

// newSessionOn puts a model on a device. After an error, everything is given back but the device.
func newSessionOn(d *device, m *model) (*session, error) {
	s := &session{device: d, m: m, tensors: map[*tensor]*buffer{}}
	if err := s.build(); err != nil {
		s.release()
		return nil, err
	}
	return s, nil
}

func (s *session) build() (err error) {
	if s.tile, err = s.chooseAttention(); err != nil {
		return err
	}
	s.size()
	if err := s.allocateInputs(); err != nil {
		return err
	}
	p := &planner{session: s}
	p.plan()
	if p.err != nil {
		return p.err
	}
	s.ops.write(0, bytesOf(s.opData))
	if err := p.projectRelative(); err != nil {
		return err
	}
	return s.warmUp()
}

// size chooses how many tokens a pass takes.
func (s *session) size() {
	m := s.m
	size := 4
	if m.f16 {
		size = 2
	}
	row := 4*(m.hidden+m.embedding) + size*(m.hidden+m.embedding+2*m.queries+2*m.keys+2*m.intermediate)
	limit := int(min(s.adapter.limits.storageBufferBinding, math.MaxInt32))
	widest := max(4*m.hidden, size*(m.queries+2*m.keys), size*m.intermediate, 32)
	s.rows = max(m.maxTokens, min(mostRows, scratchBytes/row, limit/widest))
	s.reads = min(s.rows, mostReads)
}

func (s *session) allocateInputs() (err error) {
	align := func(n int) int { return (n + 255) &^ 255 }
	s.readsAt = align(16 * s.rows)
	s.itemsAt = s.readsAt + align(16*s.reads)
	s.readItemsAt = s.itemsAt + align(32*s.rows)
	s.inputs = s.scratch("the inputs of a batch", s.readItemsAt+32*s.reads, &err)
	s.logits = s.scratch("logits", 4*s.reads, &err)
	s.counts = s.uniform("counts", 3*4*opWords, &err)
	s.ops = s.uniform("the settings of steps", 4*opWords*s.mostSteps(), &err)
	if err == nil && s.makeQuerySet() {
		s.timestamps, err = s.allocate("timestamps", 16, usageQueryResolve|usageCopySource)
		s.buffers = append(s.buffers, s.timestamps)
	}
	s.slots = make(chan *slot, s.m.inFlight)
	for range s.m.inFlight {
		if err != nil {
			return err
		}
		var b *buffer
		if b, err = s.allocate("results", pad(s.reads)*4+16, usageMapRead|usageCopyTarget); err == nil {
			s.buffers = append(s.buffers, b)
			s.slots <- &slot{b}
		}
	}
	return err
}

// makeQuerySet makes the query set, if the device has timestamps.
func (s *session) makeQuerySet() bool {
	if !s.device.timestamps {
		return false
	}
	desc := &querySetDescriptor{label: viewOf("time of a batch"), kind: queryTimestamp, count: 2}
	s.querySet = handle(call(s.lib.DeviceCreateQuerySet, uintptr(s.device.device), uintptr(unsafe.Pointer(desc))))
	return s.querySet != 0
}

// scratch allocates memory of the session, unless there was an error.
func (s *session) scratch(label string, size int, err *error) *buffer {
	return s.keep(label, size, usageStorage|usageCopyTarget|usageCopySource, err)
}

func (s *session) uniform(label string, size int, err *error) *buffer {
	return s.keep(label, size, usageUniform|usageCopyTarget, err)
}

func (s *session) keep(label string, size int, usage uint64, err *error) *buffer {
	if *err != nil {
		return nil
	}
	b, failed := s.allocate(label, size, usage)
	if failed != nil {
		*err = failed
		return nil
	}
	s.buffers = append(s.buffers, b)
	return b
}

// upload copies a tensor to the device, once.
func (s *session) upload(t *tensor) (*buffer, error) {
	if b, ok := s.tensors[t]; ok {
		return b, nil
	}
	var err error
	b := s.scratch(t.role, len(t.data), &err)
	if err != nil {
		return nil, err
	}
	const part = 16 << 20 // of one copy, so that the library stages no more
	for at := 0; at < len(t.data); at += part {
		b.write(at, t.data[at:min(at+part, len(t.data))])
	}
	s.tensors[t] = b
	return b, nil
}

// warmUp computes a sequence of one token, so that what a driver does late and what it refuses is
// known before the first batch.
func (s *session) warmUp() error {
	var logit [1]float32
	in := newInput(s)
	in.add(sequenceOfOne)
	if err := s.compute(in, logit[:], nil); err != nil {
		return fmt.Errorf("computing one token on %s: %w", s.adapter.name, err)
	}
	return s.compareTiles()
}

// release gives back everything but the device.
func (s *session) release() {
	for _, g := range s.groups {
		call(s.lib.BindGroupRelease, uintptr(g))
	}
	for _, b := range s.buffers {
		b.release()
	}
	if s.querySet != 0 {
		call(s.lib.QuerySetRelease, uintptr(s.querySet))
	}
	s.groups, s.buffers, s.querySet = nil, nil, 0
}

// abandon gives back everything of a session that has failed, once the batches in flight have
// failed with it. Those that wait for their turn fail too.
func (s *session) abandon() {
	for range cap(s.slots) {
		<-s.slots
	}
	close(s.slots)
	s.close()
}

// close gives back everything. No batch is in flight.
func (s *session) close() {
	s.lock()
	defer s.submitting.Unlock()
	s.release()
	s.device.close()
}
