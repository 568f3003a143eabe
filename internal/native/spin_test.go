package native

import (
	"testing"
	"time"
)

// TestSpinning: waits become hasty when a patient batch loses cores again and again, for a while
// that doubles each time that patience fails at once.
func TestSpinning(t *testing.T) {
	var s spinning
	batches := func(n, lost int, want time.Duration, why string) {
		t.Helper()
		for i := range n {
			if got := s.time(); got != want {
				t.Errorf("%s, batch %d: waits spin for %v, want %v", why, i, got, want)
			}
			s.observe(lost)
		}
	}
	batches(5, 0, patience, "at the start")
	batches(5, tooMany-1, patience, "with some noise")
	batches(1, tooMany, patience, "when cores are lost")
	batches(fewestHasty, 0, haste, "then")
	batches(1, 12, patience, "tried again")
	batches(2*fewestHasty, 12, haste, "for twice as long, whatever hasty batches meet")
	for n := 4 * fewestHasty; n <= mostHasty; n *= 2 {
		batches(1, 12, patience, "tried again")
		batches(n, 12, haste, "and again")
	}
	batches(1, 12, patience, "tried again")
	batches(mostHasty, 12, haste, "at most")
	batches(2, 0, patience, "when cores are free")
	batches(1, 12, patience, "when they are lost anew")
	batches(fewestHasty, 0, haste, "as at first")
	batches(1, 0, patience, "in the end")
}
