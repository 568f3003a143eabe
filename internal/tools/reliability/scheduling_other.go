//go:build !linux

package main

import (
	"context"

	"github.com/crossrank/crossrank/internal/netns"
)

// A fleet runs on Linux alone.

func favor() {}

func (*server) brake(context.Context, int) error { return netns.ErrUnavailable }
