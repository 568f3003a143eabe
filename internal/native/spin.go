package native

import "time"

// A wait that spins keeps its core from whoever else wants it. If that is the worker that it waits
// for, spinning only makes the wait longer; if no one wants it, sleeping does, by the time of a
// wake-up.
const (
	// patience is more than a wake-up takes. A worker that slept arrives late at the next wait by the
	// time of a wake-up; if the others stopped spinning before that, they would sleep in turn, and so
	// on to the end of the pass.
	patience = 200 * time.Microsecond

	// haste is for cores that are taken by others.
	haste = 20 * time.Microsecond

	// lostAfter is how long a wait is that shows that a worker has lost its core: far longer than a
	// wake-up, and shorter than most times for which a system gives a core to another program.
	lostAfter = 500 * time.Microsecond

	// tooMany is how many waits of a batch must be that long before waits are hasty. One or two are
	// the noise of any machine.
	tooMany = 3

	// Waits are hasty for so many batches, and twice as many each time that patience fails again.
	fewestHasty, mostHasty = 4, 64
)

// spinning decides how long waits spin, from what the last batches met. The zero value is patient.
//
// Haste must not last by itself: a system tends to wake a worker on the core of the one that wakes
// it, though another core is free, and then each waits long for the other. So only patient batches
// count.
type spinning struct {
	hasty int // batches until it is patient again
	last  int // how many they were when it became hasty the last time; 0: patience did not fail since
}

// time is how long a wait of the next batch spins before it sleeps.
func (s *spinning) time() time.Duration {
	if s.hasty > 0 {
		return haste
	}
	return patience
}

// observe takes the number of waits of a batch in which a worker had lost its core.
func (s *spinning) observe(lost int) {
	switch {
	case s.hasty > 0:
		s.hasty--
	case lost >= tooMany:
		s.last = min(max(fewestHasty, 2*s.last), mostHasty)
		s.hasty = s.last
	default:
		s.last = 0
	}
}
