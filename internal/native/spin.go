package native

import "time"

// A wait that spins keeps its core from whoever else wants it. If that is the worker that it waits
// for, spinning only makes the wait longer; if no one wants it, sleeping does, by the time of a
// wake-up.
const (
	// patientSpins are about 200 µs, which is more than a wake-up takes. A worker that slept
	// arrives late at the next wait by the time of a wake-up; if the others stopped spinning before
	// that, they would sleep in turn, and so on to the end of the pass.
	patientSpins = 150_000

	// hastySpins are about 10 µs, for cores that are taken by others.
	hastySpins = 7_500

	// lostAfter is how long a wait is that shows that a worker has lost its core: far longer than a
	// wake-up, and shorter than any time for which a system gives a core to another program.
	lostAfter = 500 * time.Microsecond

	// quietBatches is how many batches in a row must lose no core before waits are patient again.
	quietBatches = 3
)

// spinning decides how long waits spin, from what the last batches met. The zero value is patient.
type spinning struct {
	hasty int // batches until it is patient again
}

// spins is how often a wait of the next batch looks before it sleeps.
func (s *spinning) spins() int {
	if s.hasty > 0 {
		return hastySpins
	}
	return patientSpins
}

// observe takes the number of waits of a batch in which a worker had lost its core.
func (s *spinning) observe(lost int) {
	if lost > 0 {
		s.hasty = quietBatches
		return
	}
	s.hasty = max(0, s.hasty-1)
}
