//go:build !linux

package netns

import (
	"context"
	"fmt"
	"io"
)

// Run returns [ErrUnavailable].
func Run(context.Context, []string, io.Writer) error {
	return fmt.Errorf("%w: only Linux has network namespaces", ErrUnavailable)
}

func hide() error { return ErrUnavailable }
