package webgpu

import (
	"errors"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/crossrank/crossrank/internal/dynlib"
)

// library returns the library, or skips the test with the reason that there is none.
func testLibrary(t testing.TB) *library {
	t.Helper()
	if !dynlib.Available {
		t.Skip("this build opens no libraries; go test -tags gpu does")
	}
	lib, err := load()
	if err != nil {
		t.Skip("make test-devices runs this test: ", err)
	}
	if err := probed(); err != nil && os.Getenv("VK_DRIVER_FILES") == "" { // no driver is given
		t.Skip("make test-devices runs this test after test/devices/drivers.sh: ", err)
	}
	return lib
}

var probed = sync.OnceValue(func() error { return Probe(DeviceTesting) })

// testDevice opens a device for tests, and fails the test if the device reports an error by its
// end.
func testDevice(t testing.TB, f16 bool) *device {
	t.Helper()
	d, err := openDevice(testLibrary(t), DeviceTesting, needs{f16: f16})
	if err != nil {
		t.Skip("make test-devices runs this test: ", err)
	}
	t.Cleanup(func() {
		if err := d.takeError(); err != nil {
			t.Error(err)
		}
		d.close()
		if n := d.memory.Load(); n != 0 {
			t.Errorf("%d bytes of the device were not given back", n)
		}
	})
	return d
}

// TestShaderThatDoesNotCompile: a shader with the operations of subgroups is compiled without them
// where they are refused.
func TestShaderThatDoesNotCompile(t *testing.T) {
	d, err := openDevice(testLibrary(t), DeviceTesting, needs{plain: true})
	if err != nil {
		t.Skip("make test-devices runs this test: ", err)
	}
	defer d.close()
	d.subgroups = true
	if p, err := d.pipeline("logit", variant{Subgroups: true}); err != nil || p == 0 || d.subgroups {
		t.Errorf("got %v, %v, and subgroups are in use: %v", p, err, d.subgroups)
	}
	if _, err := d.pipeline("logit", variant{Norm: true, F16: true}); err == nil || !strings.Contains(err.Error(), "compiling the shader logit") {
		t.Errorf("a shader of another feature: got %v", err)
	}
}

func TestOpenDevice(t *testing.T) {
	d := testDevice(t, false)
	t.Logf("%s (%s, CPU: %v, f16: %v, timestamps: %v) by %s, %s", d.adapter.name, d.adapter.backend, d.adapter.cpu,
		d.adapter.f16, d.timestamps, d.lib.path, d.lib.dialect.name)
	t.Logf("%+v", d.adapter.limits)
	t.Logf("matrix units: %v, subgroups of %+v", d.adapter.units, d.adapter.subgroup)
	if _, err := openDevice(d.lib, DeviceGPU, needs{}); d.adapter.cpu && (err == nil || !strings.Contains(err.Error(), "no GPU")) {
		t.Errorf("a CPU as GPU: got %v, want it refused", err)
	}
	b, err := d.newBuffer("a test", 1000)
	if err != nil {
		t.Fatal(err)
	}
	if got := d.memory.Load(); got != 1008 {
		t.Errorf("%d bytes allocated, want 1008", got)
	}
	b.release()
	if _, err := d.allocate("a wrong buffer", 16, usageMapRead|usageStorage); err == nil || !strings.Contains(err.Error(), "a wrong buffer") {
		t.Errorf("a buffer with wrong usage: got %v", err)
	}
	if _, err := d.newBuffer("too much", 1<<40); err == nil || errors.Is(err, errLost) {
		t.Errorf("a buffer of 1 TiB: got %v", err)
	}
}
