package kernel

import "golang.org/x/sys/unix"

// adviseHuge asks for huge pages. A system that has none says so, and serves small ones.
func adviseHuge(b []byte) { _ = unix.Madvise(b, unix.MADV_HUGEPAGE) }
