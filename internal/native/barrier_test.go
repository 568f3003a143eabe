package native

import (
	"sync"
	"testing"
	"time"
	"unsafe"
)

func TestBrokenBarrierFreesWaiters(t *testing.T) {
	b := newBarrier()
	b.reset(2, patience)
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

// TestWaitsThatLast: a wait that outlasts its spins and lostAfter is counted; others are not.
func TestWaitsThatLast(t *testing.T) {
	for late, want := range map[time.Duration]int32{0: 0, 2 * lostAfter: 1} {
		b := newBarrier()
		b.reset(2, 0)
		done := make(chan struct{})
		go func() {
			b.wait()
			close(done)
		}()
		for b.arrived.Load() == 0 { // until the other waits
			time.Sleep(time.Microsecond)
		}
		time.Sleep(late)
		b.wait()
		<-done
		if got := b.lost.Load(); got < want {
			t.Errorf("a wait of %v: %d counted, want %d", late, got, want)
		}
	}
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
