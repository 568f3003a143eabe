package kernel

import "syscall"

// adviseHuge asks for huge pages. A system that has none says so, and serves small ones.
func adviseHuge(b []byte) { _ = syscall.Madvise(b, syscall.MADV_HUGEPAGE) }
