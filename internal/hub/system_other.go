//go:build !linux && !darwin && !windows

package hub

import (
	"errors"
	"os"
)

// lockFile does nothing here: two downloads of one file at once do each other's work again.
func lockFile(*os.File, bool) (bool, error) { return true, nil }

// freeSpace is unknown here.
func freeSpace(string) (int64, error) { return 0, errors.ErrUnsupported }
