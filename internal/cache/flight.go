package cache

import (
	"context"
	"time"
)

// Flight is a score on its way. The zero value is ready for one [Table.Claim]; it must not be moved or used again after.
type Flight struct {
	// Weight says how long the score may take to come, in a unit of those who lead and wait. Set it before [Table.Claim].
	Weight int64

	// Guarded by the table's lock.
	key  string
	led  bool          // in the table
	done chan struct{} // nil while nobody waits

	// Set before done is closed, and not changed after.
	ok             bool
	score          float32
	started, ended time.Time
}

// Landing is a score that another had computed, and when.
type Landing struct {
	Score          float32
	Started, Ended time.Time // of the run that it came from
}

// Wait waits for the score of a flight that [Table.Claim] gave to follow. It is not ok if the flight was abandoned. The
// error is ctx's.
func (f *Flight) Wait(ctx context.Context) (l Landing, ok bool, err error) {
	select {
	case <-f.done:
		return Landing{f.score, f.started, f.ended}, f.ok, nil
	case <-ctx.Done():
		return Landing{}, false, ctx.Err()
	}
}

// land takes a flight out of the table and wakes those who wait for it, with t.mu held.
func (t *Table) land(f *Flight) {
	f.led = false
	delete(t.flights, f.key)
	if f.done != nil {
		close(f.done)
	}
}
