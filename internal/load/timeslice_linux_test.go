package load

import (
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestTimeSlicesAreRestored(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	mine := func() time.Duration {
		attr, err := unix.SchedGetAttr(0, 0)
		if err != nil {
			t.Skip("this system does not say:", err)
		}
		return time.Duration(attr.Runtime)
	}
	before := mine()
	restore := shortTimeSlices()
	during := mine()
	restore()
	if during == 0 {
		t.Skip("this kernel ignores time slices")
	}
	if during != timeSlice || mine() != before {
		t.Errorf("before %v, during %v, afterwards %v; want %v meanwhile", before, during, mine(), timeSlice)
	}
}
