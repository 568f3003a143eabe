package crossrank

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Code says what kind of failure an error is. It is the label of the error in metrics, and each edge has one table from
// codes to its own statuses.
type Code string

const (
	OK               Code = "ok"
	InvalidArgument  Code = "invalid_argument"  // the request is wrong; sending it again cannot help
	Unauthenticated  Code = "unauthenticated"   // no API key, or one that the server does not know
	NotFound         Code = "not_found"         // no such model
	TooLarge         Code = "too_large"         // over a limit on size
	Overloaded       Code = "overloaded"        // refused because the queue is full; see RetryAfter
	Unavailable      Code = "unavailable"       // starting, draining or unreachable; another server may answer
	DeadlineExceeded Code = "deadline_exceeded" // the deadline passed first
	Canceled         Code = "canceled"          // the caller left
	Internal         Code = "internal"          // a fault of the program
)

// Error is a failure with a code. Message is meant for the caller and holds no internals.
type Error struct {
	Code       Code
	Message    string
	RetryAfter time.Duration // with Overloaded and Unavailable: when to try again; 0 if unknown
	Err        error         // the cause, if any; not part of the message
}

func (e *Error) Error() string { return e.Message }

func (e *Error) Unwrap() error { return e.Err }

// Errorf makes an [Error]. A %w in the format becomes its cause.
func Errorf(code Code, format string, args ...any) *Error {
	err := fmt.Errorf(format, args...)
	return &Error{Code: code, Message: err.Error(), Err: errors.Unwrap(err)}
}

// CodeOf gives the code of any error: OK for nil, that of the [Error] inside it, that of a context's end, else Internal.
func CodeOf(err error) Code {
	if err == nil {
		return OK
	}
	var e *Error
	switch {
	case errors.As(err, &e):
		return e.Code
	case errors.Is(err, context.DeadlineExceeded):
		return DeadlineExceeded
	case errors.Is(err, context.Canceled):
		return Canceled
	}
	return Internal
}
