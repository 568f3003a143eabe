package webgpu

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/crossrank/crossrank/internal/network"
	"github.com/crossrank/crossrank/internal/network/sample"
)

// lose destroys the device under an engine, as a reset driver does.
func lose(e *Engine) {
	s := e.session
	s.lock()
	defer s.submitting.Unlock()
	call(s.lib.DeviceDestroy, uintptr(s.device.device))
}

// TestLostDevice: the batch that meets a lost device fails, and the next one is computed on a
// device opened anew.
func TestLostDevice(t *testing.T) {
	testLibrary(t)
	n := small()
	e := open(t, n, Options{})
	seqs := sample.Sequences(1, n, 5, 20, 40)
	want := logits(t, e, seqs)
	for range 2 {
		first := e.session
		lose(e)
		if err := first.compute(inputOf(first, seqs), make([]float32, 3), nil); !errors.Is(err, errLost) {
			t.Errorf("on a lost device: got %v, want an error that says so", err)
		}
		if got := logits(t, e, seqs); !slices.Equal(got, want) {
			t.Errorf("on the device opened anew: got %v, want %v", got, want)
		}
		if got := first.memory.Load(); got != 0 {
			t.Errorf("%d bytes of the lost device are still counted", got)
		}
	}
	if got := e.reopens; got != 2 {
		t.Errorf("the device was opened anew %d times, want 2", got)
	}
}

// TestLostWhileComputing loses the device while batches are in flight: each of them has the right
// logits or an error.
func TestLostWhileComputing(t *testing.T) {
	testLibrary(t)
	n := small()
	e := open(t, n, Options{})
	seqs := sample.Sequences(1, n, 100, 100, 100, 100)
	want := logits(t, e, seqs)
	var batches sync.WaitGroup
	for range 3 {
		batches.Go(func() {
			for range 4 {
				got := make([]float32, len(seqs))
				if err := e.Logits(seqs, got); err == nil && !slices.Equal(got, want) {
					t.Errorf("got %v, want %v or an error", got, want)
				}
			}
		})
	}
	lose(e)
	batches.Wait()
	if got := logits(t, e, seqs); !slices.Equal(got, want) {
		t.Errorf("afterwards: got %v, want %v", got, want)
	}
}

// TestDeviceReportsAnError: after an error that nothing expects, the results of that device are not
// used.
func TestDeviceReportsAnError(t *testing.T) {
	testLibrary(t)
	n := small()
	e := open(t, n, Options{})
	seqs := sample.Sequences(1, n, 5)
	s := e.session
	s.logits.write(int(s.logits.size), []byte{1, 2, 3, 4}) // beyond its end
	if err := s.compute(inputOf(s, seqs), make([]float32, 1), nil); err == nil || !strings.Contains(err.Error(), "the device reports") {
		t.Errorf("got %v, want the device's error", err)
	}
	logits(t, e, seqs)
}

// TestTooLittleMemory: a model that does not fit is refused with what did not fit, and what was
// allocated before is given back.
func TestTooLittleMemory(t *testing.T) {
	d := testDevice(t, false)
	d.adapter.limits.bufferSize = 1000
	p := &packer{}
	m, err := newModel(small(), false, DeviceTesting)
	if err != nil {
		t.Fatal(err)
	}
	for i := range m.blocks {
		m.packBlock(p, i)
	}
	m.packRest(p)
	m.prepare(20)
	if _, err := newSessionOn(d, m); err == nil || !strings.Contains(err.Error(), "has buffers of 1000 bytes at most") {
		t.Errorf("got %v, want what needs too much", err)
	}
	if got := d.memory.Load(); got != 0 {
		t.Errorf("%d bytes were not given back", got)
	}
}

// TestMemoryIsReturned: batches allocate nothing on the device, and closing gives everything back.
func TestMemoryIsReturned(t *testing.T) {
	testLibrary(t)
	n := sample.Network(2, sample.Geometry{
		Hidden: 8, Blocks: 1, Heads: 1, Intermediate: 8, Tokens: 20, Positions: 20, Activation: network.ReLU, Labels: 1,
	})
	e, err := New(n, Options{Device: DeviceTesting})
	if err != nil {
		t.Fatal(err)
	}
	s, before := e.session, e.Memory()
	seqs := sample.Sequences(1, n, 3, 20)
	batches := 1000
	if testing.Short() {
		batches = 50
	}
	for range batches {
		logits(t, e, seqs)
	}
	if after := e.Memory(); after != before || before == 0 {
		t.Errorf("%d bytes allocated after %d batches, %d before", after, batches, before)
	}
	if s.timestamps != nil && e.Busy() <= 0 {
		t.Errorf("the device was busy for %v", e.Busy())
	}
	if err := s.failure(); err != nil {
		t.Error(err)
	}
	if err := errors.Join(e.Close(), e.Close()); err != nil || s.memory.Load() != 0 {
		t.Errorf("closed: %v, and %d bytes are not given back", err, s.memory.Load())
	}
	if err := e.Logits(seqs, make([]float32, 2)); !errors.Is(err, ErrClosed) {
		t.Errorf("closed: got %v", err)
	}
}

func inputOf(s *session, seqs []network.Sequence) *input {
	in := newInput(s)
	for _, q := range seqs {
		in.add(q)
	}
	return in
}

// TestDeviceThatDoesNotComeBack: a device that cannot be opened anew is described as before, and is
// used as before when it comes back.
func TestDeviceThatDoesNotComeBack(t *testing.T) {
	testLibrary(t)
	n := small()
	for _, precision := range Precisions {
		e := open(t, n, Options{Precision: precision})
		seqs, before := sample.Sequences(1, n, 5, 20), e.Tuning()
		want := logits(t, e, seqs)
		e.model.device = "a device that is gone"
		load := e.lib
		broken := *load
		broken.InstanceRequestAdapter = func(instance uintptr, options *adapterOptions, info callbackInfo) uint64 {
			options.backendType = backendNull
			return load.InstanceRequestAdapter(instance, options, info)
		}
		e.lib = &broken
		lose(e)
		for range 3 {
			if err := e.Logits(seqs, make([]float32, 2)); err == nil {
				t.Error("a device that is gone computes")
			}
			if got := e.Tuning(); got != before {
				t.Errorf("without a device: got %q, want %q", got, before)
			}
		}
		e.lib, e.model.device = load, DeviceTesting
		if got := logits(t, e, seqs); !slices.Equal(got, want) || e.Tuning() != before {
			t.Errorf("with a device again: got %v by %q, want %v by %q", got, e.Tuning(), want, before)
		}
	}
}

// TestRequestAgain: a device that is opened at the second request is not lost.
func TestRequestAgain(t *testing.T) {
	lib := testLibrary(t)
	d := &device{lib: lib, pipelines: map[string]handle{}}
	if err := d.createInstance(); err != nil {
		t.Fatal(err)
	}
	defer d.close()
	chosen, err := d.chooseAdapter(DeviceTesting)
	if err != nil {
		t.Fatal(err)
	}
	defer call(lib.AdapterRelease, uintptr(chosen))
	whole := d.adapter.limits
	d.adapter.limits.storageBufferBinding *= 2
	if err := d.request(chosen, needs{}); err == nil {
		t.Fatal("a device with too high a limit was opened")
	}
	d.adapter.limits = whole
	if err := d.request(chosen, needs{}); err != nil {
		t.Fatal(err)
	}
	call(lib.InstanceProcessEvents, uintptr(d.instance))
	if err := d.failure(); err != nil {
		t.Errorf("it was opened at the second request: got %v", err)
	}
}
