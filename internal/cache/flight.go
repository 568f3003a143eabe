package cache

import (
	"context"
	"time"
)

// Flight is a score that is being computed. The zero value is ready for one [Table.Claim]; it must
// not be moved or used again after.
type Flight struct {
	// Cost is how long the score may take, in a unit of the callers' choice. Set it before
	// [Table.Claim].
	Cost int64

	// Guarded by the table's lock.
	key  string
	led  bool          // in the table
	done chan struct{} // nil while no request waits

	// Set before done is closed, and not changed after.
	ok       bool // the score was published, not abandoned
	computed Computed
}

// Computed is a score that another request had computed, and when.
type Computed struct {
	Score          float32
	Started, Ended time.Time // of the run that it came from
}

// Wait waits for the score of a flight that [Table.Claim] gave to follow. It is not ok if the
// flight was abandoned. The error is ctx's.
func (f *Flight) Wait(ctx context.Context) (c Computed, ok bool, err error) {
	select {
	case <-f.done:
		return f.computed, f.ok, nil
	case <-ctx.Done():
		return Computed{}, false, ctx.Err()
	}
}

// end removes a flight from the table and wakes the requests that wait for it; t.mu is held.
func (t *Table) end(f *Flight) {
	f.led = false
	delete(t.flights, f.key)
	if f.done != nil {
		close(f.done)
	}
}
