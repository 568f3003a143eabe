package crossrank

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Code is the kind of a failure. Metrics have it as a label, and each protocol has one table from
// codes to its own statuses.
type Code string

const (
	OK               Code = "ok"
	InvalidArgument  Code = "invalid_argument"  // the request is wrong; a retry cannot help
	Unauthenticated  Code = "unauthenticated"   // no API key, or an unknown one
	NotFound         Code = "not_found"         // no such model
	TooLarge         Code = "too_large"         // over a limit on size
	Overloaded       Code = "overloaded"        // refused because the queue is full; see RetryAfter
	Unavailable      Code = "unavailable"       // starting, draining or unreachable; another server may answer
	DeadlineExceeded Code = "deadline_exceeded" // the deadline passed first
	Canceled         Code = "canceled"          // the caller canceled the request
	Internal         Code = "internal"          // a fault of the program
)

// Error is a failure with a code. Message is for the caller and contains no internals.
type Error struct {
	Code       Code
	Message    string
	RetryAfter time.Duration // with Overloaded and Unavailable; 0 = unknown
	Err        error         // the cause, if any; not part of the message
}

func (e *Error) Error() string { return e.Message }

func (e *Error) Unwrap() error { return e.Err }

// Errorf makes an [Error] from a format. A %w in the format sets Err.
func Errorf(code Code, format string, args ...any) *Error {
	err := fmt.Errorf(format, args...)
	return &Error{Code: code, Message: err.Error(), Err: errors.Unwrap(err)}
}

// CodeOf returns the code of any error: OK for nil, the code of the [Error] that it wraps, the code
// for the end of a context, or else Internal.
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
