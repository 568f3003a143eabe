package topology

import (
	"runtime"
	"sync"
)

// Here is the topology of this process, as it was when it was first asked for. No more than
// GOMAXPROCS processors count.
var Here = sync.OnceValue(func() Topology {
	t := read()
	if most := runtime.GOMAXPROCS(0); t.Processors == 0 || t.Processors > most {
		t.Processors = most
	}
	return t
})
