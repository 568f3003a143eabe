package webgpu

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/crossrank/crossrank/internal/dynlib"
	"github.com/crossrank/crossrank/internal/network/sample"
)

// gate stands before the library's function that waits, and lets no wait end before it is opened.
type gate struct {
	entered, open chan struct{} // closed when a wait has begun, and when waits may end
	begin         sync.Once

	mu      sync.Mutex
	longest time.Duration // of the waits that were asked for before it was opened
}

// before puts the gate before the library that a session calls.
func (g *gate) before(s *session) {
	hooked := *s.lib
	waitAny := s.lib.InstanceWaitAny
	hooked.InstanceWaitAny = dynlib.Callback(func(instance, count, infos, timeout uintptr) uintptr {
		select {
		case <-g.open:
			return call(waitAny, instance, count, infos, timeout)
		default:
		}
		g.mu.Lock()
		g.longest = max(g.longest, time.Duration(timeout))
		g.mu.Unlock()
		g.begin.Do(func() { close(g.entered) })
		time.Sleep(time.Millisecond) // what waits without the gate do
		return waitTimedOut
	})
	s.device.lib = &hooked
}

// TestWaitingHoldsUpNobody: while a batch is awaited, however long it takes, the next one is
// submitted. Dawn holds up all calls while one waits, so every single wait must be short too.
func TestWaitingHoldsUpNobody(t *testing.T) {
	testLibrary(t)
	n := small()
	e := openForTwo(t, n)
	s, seqs := e.session, sample.Sequences(1, n, 100, 7)
	want := logits(t, e, seqs)
	g := &gate{entered: make(chan struct{}), open: make(chan struct{})}
	g.before(s)

	arrived := make(chan error, 2)
	compute := func(submitted chan struct{}) {
		d, err := s.submitInTurn(seqs)
		close(submitted)
		var got []float32
		if err == nil {
			got, err = s.arrive(d)
		}
		if err == nil && !slices.Equal(got, want) {
			err = fmt.Errorf("got %v, want %v", got, want)
		}
		arrived <- err
	}
	first, second := make(chan struct{}), make(chan struct{})
	go compute(first)
	<-g.entered
	go compute(second)
	select {
	case <-second:
	case <-time.After(2 * time.Minute):
		t.Error("the second batch is not submitted while the first one is awaited")
	}
	close(g.open)
	for range 2 {
		if err := <-arrived; err != nil {
			t.Error(err)
		}
	}
	if g.longest > time.Millisecond {
		t.Errorf("the library is asked to wait for %v at once, and holds up all others meanwhile", g.longest)
	}
}
