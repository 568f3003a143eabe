package native

import (
	"sync"
	"testing"
	"time"
	"unsafe"
)

func TestBrokenBarrierFreesWaiters(t *testing.T) {
	b := newBarrier()
	b.reset(2)
	freed := make(chan any)
	go func() {
		defer func() { freed <- recover() }()
		b.wait()
	}()
	b.breakUp()
	if got := <-freed; got != errBroken {
		t.Errorf("waiting at a broken barrier: panic %v, want errBroken", got)
	}
	b.reset(2)
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(b.wait)
	}
	wg.Wait()
}

// TestWaitsSleepAndWake: a wait that outlasts its spinning ends when the last worker comes.
func TestWaitsSleepAndWake(t *testing.T) {
	b := newBarrier()
	b.reset(3)
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			b.wait()
			b.wait()
		})
	}
	for range 2 {
		time.Sleep(20 * spin)
		b.wait()
	}
	wg.Wait()
}

// TestWordsOfABarrierHaveLinesOfTheirOwn: no line that a waiting worker looks at holds what another
// writes, also where barriers lie side by side.
func TestWordsOfABarrierHaveLinesOfTheirOwn(t *testing.T) {
	var b barrier
	arrived, ended := unsafe.Offsetof(b.arrived), unsafe.Offsetof(b.ended)
	rest, size := unsafe.Offsetof(b.workers), unsafe.Sizeof(b)
	if ended-arrived < linePair || rest-ended < linePair || size+arrived-rest < linePair {
		t.Errorf("the words are at %d, %d and %d of %d bytes, want %d between them", arrived, ended, rest, size, linePair)
	}
}
