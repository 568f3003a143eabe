//go:build !unix

package server

// fileLimit is 0: there is no such limit here.
func fileLimit() uint64 { return 0 }
