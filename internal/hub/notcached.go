package hub

import (
	"fmt"
	"io/fs"
)

// NotCached is the error of a model that is not in the cache, or not whole. It is an
// [fs.ErrNotExist].
type NotCached struct {
	Name  Name
	Dir   string // of the cache
	Lacks error  // nil if there is nothing of it
}

// Error implements error.
func (e *NotCached) Error() string {
	if e.Lacks != nil {
		return fmt.Sprintf("%s is only partly in the hub's cache (%s): %v; run: crossrank pull %s", e.Name, e.Dir, e.Lacks, e.Name)
	}
	return fmt.Sprintf("%s is not in the hub's cache (%s); run: crossrank pull %s", e.Name, e.Dir, e.Name)
}

// Unwrap makes it an [fs.ErrNotExist].
func (e *NotCached) Unwrap() error { return fs.ErrNotExist }
