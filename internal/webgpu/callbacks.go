package webgpu

import (
	"sync"
	"sync/atomic"

	"github.com/crossrank/crossrank/internal/dynlib"
)

// Callbacks are made once a process. Each finds the one that waits for it by a number, which the
// library hands back as userdata1.

// reply is what a request of the library is answered with.
type reply struct {
	status  uint32
	result  handle
	message string
}

var (
	waiting    sync.Map // number → chan reply, with room for one
	watched    sync.Map // number → *device
	lastNumber atomic.Uint64
)

// await returns a number for a request, and where its reply comes.
func await() (number uintptr, replies chan reply) {
	number, replies = uintptr(lastNumber.Add(1)), make(chan reply, 1)
	waiting.Store(number, replies)
	return number, replies
}

// answer hands a reply to whoever waits for it.
func answer(number uintptr, r reply) {
	if replies, ok := waiting.LoadAndDelete(number); ok {
		replies.(chan reply) <- r
	}
}

// callbacks are the functions that the library calls. deviceLost and failed have the device by a
// pointer, which is not used.
type callbacks struct{ requested, mapped, deviceLost, failed uintptr }

var newCallbacks = sync.OnceValue(func() callbacks {
	return callbacks{
		requested:  dynlib.Callback(onRequested),
		mapped:     dynlib.Callback(onMapped),
		deviceLost: dynlib.Callback(onDeviceLost),
		failed:     dynlib.Callback(onFailed),
	}
})

func requested(status, result uintptr, message stringView, number uintptr) {
	answer(number, reply{uint32(status), handle(result), message.text()})
}

func deviceLost(reason uintptr, message stringView, number uintptr) {
	if d, ok := watched.Load(number); ok {
		d.(*device).markLost(uint32(reason), message.text())
	}
}

func failed(kind uintptr, message stringView, number uintptr) {
	if d, ok := watched.Load(number); ok {
		d.(*device).markFailed(uint32(kind), message.text())
	}
}
