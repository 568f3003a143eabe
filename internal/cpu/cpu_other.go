//go:build !amd64 || purego

package cpu

func native() []Tier { return nil }
