//go:build !linux

package main

import (
	"context"

	"github.com/crossrank/crossrank/internal/netns"
)

func (*server) brake(context.Context, int) error { return netns.ErrUnavailable }
