package checkpoint

import (
	"errors"
	"fmt"
)

// Error says which file of a model is wrong, and where in it.
type Error struct {
	File  string // without its directory, such as "config.json"
	Line  int    // counted from 1; 0 if it is unknown, or the file has only one
	Field string // a key such as "model.vocab"; empty if it is about the whole file or line
	Err   error
}

func (e *Error) Error() string {
	at := e.File
	if e.Line > 0 {
		at = fmt.Sprintf("%s:%d", e.File, e.Line)
	}
	if e.Field != "" {
		at += ": " + e.Field
	}
	return fmt.Sprintf("%s: %v", at, e.Err)
}

func (e *Error) Unwrap() error { return e.Err }

var errEmpty = errors.New("it is empty")
