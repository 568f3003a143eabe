package native

import (
	"sync"
	"testing"
)

func TestBrokenBarrierFreesWaiters(t *testing.T) {
	b := newBarrier()
	b.reset(2, patientSpins)
	freed := make(chan any)
	go func() {
		defer func() { freed <- recover() }()
		b.wait()
	}()
	b.breakUp()
	if got := <-freed; got != errBroken {
		t.Errorf("waiting at a broken barrier: panic %v, want errBroken", got)
	}
	b.reset(2, 0)
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(b.wait)
	}
	wg.Wait()
}
