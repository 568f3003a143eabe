package webgpu

import (
	"cmp"
	"fmt"
	"time"
	"unsafe"

	"github.com/crossrank/crossrank/internal/network"
)

// input is a pass's sequences as shaders read them.
type input struct {
	s         *session
	tokens    [][4]uint32 // id, row of the position embeddings, type, position
	reads     [][4]uint32 // the row that the head reads, –, –, position; or the first row, and how many
	items     [][8]uint32 // see attention.wgsl
	readItems [][8]uint32
}

func newInput(s *session) *input { return &input{s: s} }

// sequenceOfOne is the shortest sequence.
var sequenceOfOne = network.Sequence{IDs: []int32{0}}

// fits reports whether a sequence can be added.
func (in *input) fits(q network.Sequence) bool {
	return len(in.tokens)+q.Rows() <= in.s.rows && len(in.reads) < in.s.reads
}

// add adds a sequence.
func (in *input) add(q network.Sequence) {
	m, start, length := in.s.m.n, uint32(len(in.tokens)), uint32(len(q.IDs))
	in.addTokens(q)
	most := in.s.tile.queries()
	for first := 0; first < q.Rows(); first += most {
		in.items = append(in.items, [8]uint32{
			start + uint32(first), uint32(min(most, q.Rows()-first)), uint32(first), start, length,
		})
	}
	if m.Head.Pooling == network.MeanToken {
		in.reads = append(in.reads, [4]uint32{start, length})
		return
	}
	at := uint32(0)
	if m.Head.Pooling == network.LastToken {
		at = length - 1
	}
	in.readItems = append(in.readItems, [8]uint32{uint32(len(in.reads)), 1, at, start, length})
	in.reads = append(in.reads, [4]uint32{start + at, 0, 0, at})
}

// addTokens adds a sequence's tokens, then its padding: token 0 of type 0.
func (in *input) addTokens(q network.Sequence) {
	e := &in.s.m.n.Embeddings
	counted := 0
	for i := range q.Rows() {
		var token [4]uint32
		if i < len(q.IDs) {
			token[0] = uint32(q.IDs[i])
			if i >= q.TypeBoundary && e.Types != nil && e.Types.Rows > 1 {
				token[2] = 1
			}
		}
		if p := e.Positions; p != nil {
			token[1] = uint32(counted + p.Offset)
			if p.Offset > 0 && int(token[0]) == p.Offset-1 {
				token[1] = token[0]
			} else {
				counted++
			}
		}
		token[3] = uint32(i)
		in.tokens = append(in.tokens, token)
	}
}

// compute computes a pass and waits for its logits. It reports when the device began and ended, by
// the device's clock if it has one.
func (s *session) compute(in *input, out []float32, report func(begin, end time.Duration)) error {
	slot, ok := <-s.slots
	if !ok {
		return s.failure()
	}
	defer func() { s.slots <- slot }()
	f, err := s.submitLocked(in, slot)
	if err != nil {
		return err
	}
	r, err := s.awaitResult(f)
	if err = cmp.Or(err, s.failure()); err != nil {
		return err
	}
	if r.status != statusSuccess {
		return fmt.Errorf("reading the logits: %s", orUnknown(r.message))
	}
	return s.readResult(slot, out[:len(in.reads)], report)
}

// flight is a batch that is submitted. It is awaited once.
type flight struct {
	future  uint64
	replies chan reply
	before  <-chan struct{} // closed when the batch in front of it was awaited; nil if there was none
	arrived chan struct{}   // closed when this one was
}

func (s *session) submitLocked(in *input, slot *slot) (flight, error) {
	s.lock()
	defer s.submitting.Unlock()
	if err := s.failure(); err != nil {
		return flight{}, err
	}
	s.writeInput(in)
	s.submit(s.steps, in, slot)
	number, replies := await()
	future := s.lib.BufferMapAsync(uintptr(slot.result.handle), mapRead, 0, uintptr(slot.result.size), callbackInfo{
		mode: modeProcessEvents, callback: newCallbacks().mapped, userdata1: number,
	})
	f := flight{future: future, replies: replies, before: s.last, arrived: make(chan struct{})}
	s.last = f.arrived
	return f, nil
}

// awaitResult waits for a batch, once the one in front of it has arrived. Dawn holds up all other
// calls while one waits. So it waits in steps, before each of which those who want to submit the
// next batch go first.
func (s *session) awaitResult(f flight) (reply, error) {
	defer close(f.arrived)
	if f.before != nil {
		<-f.before
	}
	if s.lib.DevicePoll != 0 {
		return s.wait(f.future, f.replies)
	}
	for {
		for s.wanting.Load() > 0 {
			time.Sleep(50 * time.Microsecond)
		}
		s.submitting.Lock()
		r, done, err := s.waitOnce(f.future, f.replies, sharedStep)
		s.submitting.Unlock()
		if done {
			return r, err
		}
	}
}

func (s *session) writeInput(in *input) {
	s.inputs.write(0, bytesOf(in.tokens))
	s.inputs.write(s.readsAt, bytesOf(in.reads))
	s.inputs.write(s.itemsAt, bytesOf(in.items))
	s.inputs.write(s.readItemsAt, bytesOf(in.readItems))
	s.counts.write(0, bytesOf([]uint32{uint32(len(in.tokens))}))
	s.counts.write(4*opWords, bytesOf([]uint32{uint32(len(in.reads))}))
	s.counts.write(8*opWords, bytesOf([]uint32{uint32(s.m.relativeSize)}))
}

// length is how long a count is.
func (in *input) length(c count) uint32 {
	switch c {
	case rows:
		return uint32(len(in.tokens))
	case reads:
		return uint32(len(in.reads))
	case items:
		return uint32(len(in.items))
	case readItems:
		return uint32(len(in.readItems))
	}
	return uint32(in.s.m.relativeSize)
}

// submit records steps in one pass and submits them. With a slot, the logits go there.
func (s *session) submit(steps []step, in *input, slot *slot) {
	encoder := call(s.lib.DeviceCreateCommandEncoder, uintptr(s.device.device), 0)
	desc := &passDescriptor{}
	if s.timestamps != nil && slot != nil {
		desc.timestamps = unsafe.Pointer(&timestampWrites{querySet: s.querySet, begin: 0, end: 1})
	}
	pass := call(s.lib.CommandEncoderBeginComputePass, encoder, uintptr(unsafe.Pointer(desc)))
	var pipeline handle
	for i := range steps {
		st := &steps[i]
		if st.few != nil && in.length(st.count) <= fewRows {
			st = st.few
		}
		n := (in.length(st.count) + st.tile - 1) / st.tile
		if n == 0 {
			continue
		}
		if st.pipeline != pipeline {
			pipeline = st.pipeline
			call(s.lib.ComputePassEncoderSetPipeline, pass, uintptr(pipeline))
		}
		call(s.lib.ComputePassEncoderSetBindGroup, pass, 0, uintptr(st.group), 0, 0)
		x, y := n, st.across
		if st.tile > 1 { // a product: the result's columns come first
			x, y = y, x
		}
		call(s.lib.ComputePassEncoderDispatchWorkgroups, pass, uintptr(x), uintptr(y), 1)
	}
	call(s.lib.ComputePassEncoderEnd, pass)
	call(s.lib.ComputePassEncoderRelease, pass)
	if slot != nil {
		s.copyResult(encoder, slot)
	}
	commands := []uintptr{call(s.lib.CommandEncoderFinish, encoder, 0)}
	call(s.lib.CommandEncoderRelease, encoder)
	call(s.lib.QueueSubmit, uintptr(s.queue), 1, uintptr(unsafe.Pointer(&commands[0])))
	call(s.lib.CommandBufferRelease, commands[0])
}

func (s *session) copyResult(encoder uintptr, slot *slot) {
	copyTo := func(from *buffer, at, size int) {
		call(s.lib.CommandEncoderCopyBufferToBuffer, encoder, uintptr(from.handle), 0, uintptr(slot.result.handle), uintptr(at), uintptr(size))
	}
	copyTo(s.logits, 16, 4*s.reads)
	if s.timestamps != nil {
		call(s.lib.CommandEncoderResolveQuerySet, encoder, uintptr(s.querySet), 0, 2, uintptr(s.timestamps.handle), 0)
		copyTo(s.timestamps, 0, 16)
	}
}

// readResult copies a slot's logits.
func (s *session) readResult(slot *slot, out []float32, report func(begin, end time.Duration)) error {
	s.lock()
	defer s.submitting.Unlock()
	at := call(s.lib.BufferGetConstMappedRange, uintptr(slot.result.handle), 0, uintptr(slot.result.size))
	if at == 0 {
		return fmt.Errorf("reading the logits: %s", orUnknown(""))
	}
	memory := fromC(at)
	copy(out, unsafe.Slice((*float32)(unsafe.Add(memory, 16)), len(out)))
	if times := *(*[2]uint64)(memory); s.timestamps != nil && report != nil && times[1] > times[0] {
		report(time.Duration(times[0]), time.Duration(times[1]))
	}
	call(s.lib.BufferUnmap, uintptr(slot.result.handle))
	return nil
}

// fromC makes an address that C code returned a pointer. The memory is not Go's.
func fromC(address uintptr) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&address)) }

// projectRelative computes the projections of relative positions, before the first pass.
func (p *planner) projectRelative() error {
	if len(p.once) == 0 {
		return nil
	}
	in := newInput(p.session)
	p.writeInput(in)
	p.submit(p.once, in, nil)
	return p.takeError()
}
