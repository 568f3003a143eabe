//go:build !linux

package native

import "errors"

// bind fails where the system has no such call.
func bind([]int) (undo func() error, err error) { return nil, errors.ErrUnsupported }
