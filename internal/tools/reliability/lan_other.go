//go:build !linux

package main

import (
	"context"
	"errors"
	"io"
	"syscall"
)

var errNoLAN = errors.New("a fleet is tested in network namespaces, which only Linux has")

func isolate(context.Context, []string, io.Writer) (done bool, err error) { return true, errNoLAN }
func buildLAN(context.Context) error                                      { return errNoLAN }
func addHost(context.Context, int) error                                  { return errNoLAN }
func cutHost(context.Context, int) error                                  { return errNoLAN }
func joinHost(context.Context, int) error                                 { return errNoLAN }

func raisePriority() {}

const suspend, resume = syscall.SIGTERM, syscall.SIGTERM // never sent
