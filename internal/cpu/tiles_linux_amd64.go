package cpu

import (
	"sync"
	"syscall"
)

// tilesAllowed asks Linux to let this process use the tiles of AMX, and reports its answer. Linux
// saves their 8 KiB only for processes that ask. It grants what it has switched on in XCR0, for all
// threads, those that come later too.
var tilesAllowed = sync.OnceValue(func() bool {
	const requestPermission, tileData = 0x1023, 18
	_, _, errno := syscall.RawSyscall(syscall.SYS_ARCH_PRCTL, requestPermission, tileData, 0)
	return errno == 0
})
