//go:build !amd64 || purego

package kernel

var avx2 *Set
