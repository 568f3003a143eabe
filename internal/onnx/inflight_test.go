//go:build darwin || windows || (linux && gpu)

package onnx

import (
	"errors"
	"math"
	"strings"
	"sync"
	"testing"

	"github.com/crossrank/crossrank/internal/network"
	"github.com/crossrank/crossrank/internal/network/sample"
)

// heldFeeds makes the inputs of a network, and calls hold before.
type heldFeeds struct {
	*feeds
	hold func()
}

func (f heldFeeds) make(seqs []network.Sequence, length int) map[string]*tensor {
	f.hold()
	return f.feeds.make(seqs, length)
}

// asDevice is an engine of the CPU provider that is used as one of a device's is: it has one session
// for all batches.
func asDevice(t *testing.T, opts Options, serial bool) *Engine {
	t.Helper()
	requireLibrary(t)
	opts.Threads = 1
	e := start(t, small(), opts)
	e.model.provider = provider{device: "cuda", name: "CPU", serial: serial}
	e.session.serial = serial
	return e
}

// hold calls f whenever the engine makes the inputs of a batch.
func (e *Engine) hold(f func()) { e.model.feeds = heldFeeds{e.model.feeds.(*feeds), f} }

// TestTwoInFlight computes batches on one session, each beside another one that was begun and is not
// finished: they have the logits that they have alone.
func TestTwoInFlight(t *testing.T) {
	for _, serial := range []bool{false, true} {
		e := asDevice(t, Options{InFlight: 1}, serial) // one instance was asked for
		if e.OnCores() || e.InFlight() != batchesInFlight {
			t.Errorf("on cores: %v, %d batches in flight; want a device with %d", e.OnCores(), e.InFlight(), batchesInFlight)
		}
		batches := [2][]network.Sequence{sample.Sequences(1, e.model.network, 9, 12), sample.Sequences(2, e.model.network, 30, 31, 30)}
		var want [2][]float32
		for i, seqs := range batches {
			want[i] = logits(t, e, seqs)
		}
		for range 50 {
			var both, done sync.WaitGroup
			both.Add(2)
			e.hold(func() { both.Done(); both.Wait() }) // each batch is one run
			for i, seqs := range batches {
				done.Go(func() {
					got := make([]float32, len(seqs))
					if err := e.Logits(seqs, got); err != nil {
						t.Error(err)
					}
					for k := range got {
						if !(math.Abs(float64(got[k]-want[i][k])) <= 1e-5) {
							t.Errorf("serial %v: batch %d: got %v, alone %v", serial, i, got, want[i])
						}
					}
				})
			}
			done.Wait()
			e.model.feeds = e.model.feeds.(heldFeeds).feeds
		}
	}
}

// TestBehindABatch: where the provider computes one batch at a time, the next one is prepared
// meanwhile, and is computed when that one is finished.
func TestBehindABatch(t *testing.T) {
	e := asDevice(t, Options{}, true)
	seqs := sample.Sequences(1, e.model.network, 9)
	want := logits(t, e, seqs)[0]
	prepared, computed := make(chan struct{}), make(chan struct{})
	e.hold(func() { close(prepared) })
	e.session.running.Lock() // as a batch that is computed
	got := make([]float32, 1)
	go func() {
		defer close(computed)
		if err := e.Logits(seqs, got); err != nil {
			t.Error(err)
		}
	}()
	<-prepared
	select {
	case <-computed:
		t.Error("it was computed beside the batch before it")
	default:
	}
	e.session.running.Unlock()
	<-computed
	if !(math.Abs(float64(got[0]-want)) <= 1e-5) {
		t.Errorf("got %g, want %g", got[0], want)
	}
}

// TestFailingInFlight: a batch that is refused or fails leaves the one beside it alone, and closing
// waits for both.
func TestFailingInFlight(t *testing.T) {
	e := asDevice(t, Options{InFlight: 3}, false)
	if e.InFlight() != 3 {
		t.Errorf("got %d batches in flight, want 3", e.InFlight())
	}
	seqs := sample.Sequences(1, e.model.network, 9)
	want := logits(t, e, seqs)[0]
	entered, leave := make(chan struct{}), make(chan struct{})
	e.hold(sync.OnceFunc(func() { close(entered); <-leave })) // the first batch is held up
	got := make([]float32, 1)
	var all sync.WaitGroup
	all.Go(func() {
		if err := e.Logits(seqs, got); err != nil {
			t.Error(err)
		}
	})
	<-entered
	e.model.feeds = e.model.feeds.(heldFeeds).feeds
	refused := []network.Sequence{{IDs: []int32{30}}}
	if err := e.Logits(refused, make([]float32, 1)); err == nil || !strings.Contains(err.Error(), "holds token 30") {
		t.Errorf("a token beyond the vocabulary: got %v", err)
	}
	bad := &brokenFeeds{e.model.feeds.(*feeds)}
	e.model.feeds = bad
	if err := e.Logits(seqs, make([]float32, 1)); err == nil || !strings.Contains(err.Error(), "ONNX Runtime: ") {
		t.Errorf("inputs that do not fit each other: got %v", err)
	}
	e.model.feeds = bad.feeds
	if again := logits(t, e, seqs)[0]; !(math.Abs(float64(again-want)) <= 1e-5) {
		t.Errorf("after a failure: got %g, want %g", again, want)
	}
	closed := make(chan error)
	go func() { closed <- e.Close() }()
	select {
	case err := <-closed:
		t.Errorf("it was closed before its batch was finished: %v", err)
	default:
	}
	close(leave)
	all.Wait()
	if err := <-closed; err != nil {
		t.Error(err)
	}
	if !(math.Abs(float64(got[0]-want)) <= 1e-5) {
		t.Errorf("the batch before them: got %g, want %g", got[0], want)
	}
	if err := e.Logits(seqs, got); !errors.Is(err, ErrClosed) {
		t.Errorf("after closing: got %v", err)
	}
}

// brokenFeeds makes inputs whose shapes do not fit each other.
type brokenFeeds struct{ *feeds }

func (f *brokenFeeds) make(seqs []network.Sequence, length int) map[string]*tensor {
	all := f.feeds.make(seqs, length)
	all[inputMask] = tensorOf(bools, make([]bool, 3), 1, 3)
	return all
}
