package checkpoint

import (
	"errors"
	"fmt"
)

// Error says which file of a model is wrong, and where in it.
type Error struct {
	File  string // without its folder, such as "config.json"
	Field string // a key such as "model.vocab", or "line 7"; empty when it is about the whole file
	Err   error
}

func (e *Error) Error() string {
	if e.Field == "" {
		return fmt.Sprintf("%s: %v", e.File, e.Err)
	}
	return fmt.Sprintf("%s: %s: %v", e.File, e.Field, e.Err)
}

func (e *Error) Unwrap() error { return e.Err }

var errEmpty = errors.New("it is empty")
