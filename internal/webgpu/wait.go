package webgpu

import (
	"fmt"
	"time"
	"unsafe"
)

// overlaps reports whether the next batch can be submitted while one is awaited: wgpu-native's own
// way to wait is for all of them.
func (d *device) overlaps() bool { return d.lib.DevicePoll == 0 }

// lock takes the device for something else than waiting for it.
func (d *device) lock() {
	d.wanting.Add(1)
	d.submitting.Lock()
	d.wanting.Add(-1)
}

// How long the library waits before the device is asked whether it is lost, and where the next
// batch may have to be submitted meanwhile.
const (
	waitStep   = 100 * time.Millisecond
	sharedStep = 500 * time.Microsecond
)

// wait waits for a reply without using the CPU meanwhile.
func (d *device) wait(future uint64, replies chan reply) (reply, error) {
	for {
		if r, done, err := d.waitOnce(future, replies, waitStep); done {
			return r, err
		}
	}
}

// waitOnce waits for a reply as long as a step, and reports whether there is nothing more to wait
// for.
func (d *device) waitOnce(future uint64, replies chan reply, step time.Duration) (r reply, done bool, err error) {
	select {
	case r := <-replies:
		return r, true, nil
	default:
	}
	if err := d.lostError(); err != nil && d.device != 0 {
		r, err := d.lastReply(replies, err)
		return r, true, err
	}
	switch {
	case d.lib.DevicePoll == 0:
		info := &waitInfo{future: future}
		status := call(d.lib.InstanceWaitAny, uintptr(d.instance), 1, uintptr(unsafe.Pointer(info)), uintptr(step))
		if s := uint32(status); s != statusSuccess && s != waitTimedOut {
			return reply{}, true, fmt.Errorf("waiting for the device: status %d", s)
		}
	case d.device != 0:
		call(d.lib.DevicePoll, uintptr(d.device), 1, 0)
	default:
		call(d.lib.InstanceProcessEvents, uintptr(d.instance))
		time.Sleep(time.Millisecond)
	}
	return reply{}, false, nil
}

// lastReply takes a reply that came with the loss of the device, so that nobody is waited for.
func (d *device) lastReply(replies chan reply, lost error) (reply, error) {
	call(d.lib.InstanceProcessEvents, uintptr(d.instance))
	select {
	case r := <-replies:
		return r, lost
	default:
		return reply{}, lost
	}
}
