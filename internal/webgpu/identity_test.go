package webgpu

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/crossrank/crossrank/internal/dynlib"
)

// TestIdentity: the library says something of every adapter. A driver that computes on the CPU is
// on no bus.
func TestIdentity(t *testing.T) {
	d := testDevice(t, false)
	if got := d.adapter.gpu; got.Name == "" || d.adapter.cpu && got.PCI != "" {
		t.Errorf("got %+v", got)
	}
	t.Logf("%+v", d.adapter.gpu)
}

// TestRenderNode reads what Dawn says of a GPU that no test has, from functions that stand in for
// its own.
func TestRenderNode(t *testing.T) {
	real := testLibrary(t)
	if real.dialect.instanceCapabilities || real.DevicePoll != 0 {
		t.Skip("this library has no such extension")
	}
	filled := adapterDRM{hasPrimary: 1, hasRender: 1, primaryMajor: 226, renderMajor: 226, renderMinor: 129}
	var says adapterDRM
	var has, status uintptr
	lib := *real
	lib.AdapterHasFeature = dynlib.Callback(func(_, feature uintptr) uintptr { return has })
	lib.AdapterGetInfo = dynlib.Callback(func(_ uintptr, info *adapterInfo) uintptr {
		drm := (*adapterDRM)(info.next)
		chain := drm.chainedStruct
		*drm = says
		drm.chainedStruct = chain
		return status
	})
	d := &device{lib: &lib}
	for _, c := range []struct {
		name        string
		has, status uintptr
		says        adapterDRM
		want        bool
	}{
		{"a GPU", 1, statusSuccess, filled, true},
		{"without the extension", 0, statusSuccess, filled, false},
		{"with an error", 1, statusSuccess + 1, filled, false},
		{"without a node", 1, statusSuccess, adapterDRM{}, false},
		{"something else", 1, statusSuccess, adapterDRM{hasRender: 1, renderMajor: 7, renderMinor: 129}, false},
	} {
		has, status, says = c.has, c.status, c.says
		if major, minor, ok := d.renderNode(1); ok != c.want || ok && (major != 226 || minor != 129) {
			t.Errorf("%s: got %d:%d, %v, want %v", c.name, major, minor, ok, c.want)
		}
	}
}

func TestAddressOfNode(t *testing.T) {
	sys := t.TempDir()
	for node, event := range map[string]string{
		"226:128": "DRIVER=nvidia\nPCI_CLASS=30200\nPCI_ID=10DE:2335\nPCI_SLOT_NAME=0000:65:00.0\nMODALIAS=pci:x\n",
		"226:129": "DRIVER=vgem\n",
	} {
		dir := filepath.Join(sys, "dev", "char", node, "device")
		if err := errors.Join(os.MkdirAll(dir, 0o777), os.WriteFile(filepath.Join(dir, "uevent"), []byte(event), 0o666)); err != nil {
			t.Fatal(err)
		}
	}
	for minor, want := range map[uint64]string{128: "0000:65:00.0", 129: "", 130: ""} {
		if got := addressOfNode(sys, 226, minor); got != want {
			t.Errorf("node 226:%d: got %q, want %q", minor, got, want)
		}
	}
}
