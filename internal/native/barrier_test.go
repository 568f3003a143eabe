package native

import (
	"sync"
	"testing"
)

func TestBrokenBarrierFreesWaiters(t *testing.T) {
	b := newBarrier(2)
	freed := make(chan any)
	go func() {
		defer func() { freed <- recover() }()
		b.wait()
	}()
	b.breakUp()
	if got := <-freed; got != errBroken {
		t.Errorf("waiting at a broken barrier: panic %v, want errBroken", got)
	}
	b.reset()
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(b.wait)
	}
	wg.Wait()
}

func TestPartsCoverAllRowsOnce(t *testing.T) {
	for n := range 50 {
		for count := 1; count <= 7; count++ {
			next := 0
			for i := range count {
				low, high := part{index: i, count: count}.of(n, 6)
				if low != min(next, n) || high < low || (high < n && high%6 != 0) {
					t.Fatalf("%d rows, worker %d of %d: %d to %d, want to start at %d", n, i, count, low, high, next)
				}
				next = high
			}
			if next != n {
				t.Fatalf("%d rows, %d workers: only %d covered", n, count, next)
			}
		}
	}
}
