package batch

import (
	"errors"
	"fmt"
)

// ErrClosed ends the requests that a closed [Batcher] will not run.
var ErrClosed = errors.New("the queue is closed")

// FullError refuses a request because too much waits. Divided by the cost that is run in a second, Queued + Running
// says how long the backlog lasts.
type FullError struct {
	Cost    int // of the request refused
	Queued  int // waiting
	Running int // in batches being run
	Max     int // that may wait
}

func (e *FullError) Error() string {
	return fmt.Sprintf("the queue is full: %d wait, at most %d may, and the request adds %d", e.Queued, e.Max, e.Cost)
}

// ItemError fails a request because of one of its items.
type ItemError struct {
	Index int // its place in the request
	Err   error
}

func (e *ItemError) Error() string { return fmt.Sprintf("running item %d: %v", e.Index, e.Err) }

func (e *ItemError) Unwrap() error { return e.Err }

// PanicError is a panic of the function that runs batches. Its message holds no stack: log Stack where logging is done.
type PanicError struct {
	Value any
	Stack []byte
}

func (e *PanicError) Error() string { return fmt.Sprintf("panic: %v", e.Value) }

// Unwrap gives the panic's value if it was an error.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}
