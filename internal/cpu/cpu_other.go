//go:build !amd64 && !arm64

package cpu

func native() []Support { return nil }
