package native

import "testing"

// TestSpinning: waits become hasty as soon as a core is lost, and patient again after some batches
// that lost none.
func TestSpinning(t *testing.T) {
	var s spinning
	for i, c := range []struct {
		lost, spins int // of a batch, and for the next one
	}{
		{0, patientSpins}, {1, hastySpins}, {0, hastySpins}, {0, hastySpins}, {0, patientSpins}, {0, patientSpins},
		{2, hastySpins}, {0, hastySpins}, {5, hastySpins}, {0, hastySpins}, {0, hastySpins}, {0, patientSpins},
	} {
		s.observe(c.lost)
		if got := s.spins(); got != c.spins {
			t.Errorf("after batch %d, which lost %d cores: got %d spins, want %d", i, c.lost, got, c.spins)
		}
	}
}
