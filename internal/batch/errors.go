package batch

import (
	"errors"
	"fmt"
	"time"
)

// ErrClosed ends the requests that a closed [Batcher] will not run.
var ErrClosed = errors.New("the queue is closed")

// FullError refuses a request because too much waits. Queued + Running, divided by the throughput,
// is how long the backlog lasts.
type FullError struct {
	Tokens  int // of the request refused
	Queued  int // tokens that wait
	Running int // tokens in batches being run
	Max     int // tokens that may wait
}

func (e *FullError) Error() string {
	return fmt.Sprintf("the queue is full: %d tokens wait of at most %d, and the request adds %d", e.Queued, e.Max, e.Tokens)
}

// LateError refuses a request that could not be done before its deadline, behind what waits and
// runs.
type LateError struct {
	Needs time.Duration // until it would be done
	Left  time.Duration // until its deadline
	Over  time.Duration // until it would have enough time, if nothing else is added to what waits and runs now
}

func (e *LateError) Error() string {
	return fmt.Sprintf("the deadline is too near: the request would be done in about %v and has %v left", e.Needs, e.Left)
}

// ItemError fails a request because of one of its pairs.
type ItemError struct {
	Index int // its place in the request
	Err   error
}

func (e *ItemError) Error() string { return fmt.Sprintf("running pair %d: %v", e.Index, e.Err) }

func (e *ItemError) Unwrap() error { return e.Err }

// PanicError is a panic of the function that runs batches. Its message holds no stack: log Stack
// where logging is done.
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
