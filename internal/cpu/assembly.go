//go:build !purego

package cpu

// assembly says whether this build has kernels in assembly.
const assembly = true
