package webgpu

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"unsafe"
)

// Identity is what tells a GPU from others. A field is empty if the library does not say it.
type Identity struct {
	Name   string
	PCI    string // address on the bus, such as "0000:65:00.0"
	Vendor uint32 // number of its maker, by the PCI standard
	Model  uint32 // number of its kind, by its maker
}

// pciAddress is where an adapter is on the bus; "" if that is not known. On Linux the kernel says it
// of a device node.
func (d *device) pciAddress(a handle) string {
	major, minor, ok := d.renderNode(a)
	if !ok || runtime.GOOS != "linux" {
		return ""
	}
	return addressOfNode("/sys", major, minor)
}

// Numbers of Dawn's extension for the device nodes of a Vulkan adapter, and of Linux for those
// nodes that render.
const (
	featureAdapterDRM    = 0x00050040
	structAdapterDRM     = 0x00050051
	renderMajor          = 226
	firstRender, mostDRM = 128, 1 << 20
)

// renderNode gives the numbers of the device node that renders with an adapter. webgpu.h says
// nothing of it; some versions of Dawn do.
//
// Note: numbers of Dawn's extensions may mean something else in other versions. So what comes back
// counts only if it is a node that renders.
func (d *device) renderNode(a handle) (major, minor uint64, ok bool) {
	if d.lib.dialect.instanceCapabilities || d.lib.DevicePoll != 0 || !d.has(a, featureAdapterDRM) {
		return 0, 0, false
	}
	drm := &adapterDRM{chainedStruct: chainedStruct{sType: structAdapterDRM}}
	info := &adapterInfo{next: unsafe.Pointer(drm)}
	if uint32(call(d.lib.AdapterGetInfo, uintptr(a), uintptr(unsafe.Pointer(info)))) != statusSuccess {
		return 0, 0, false
	}
	d.lib.AdapterInfoFreeMembers(*info)
	ok = drm.hasRender == 1 && drm.renderMajor == renderMajor && drm.renderMinor >= firstRender && drm.renderMinor < mostDRM
	return drm.renderMajor, drm.renderMinor, ok
}

// addressOfNode is where the GPU of a device node is on the bus; "" if the kernel does not say so.
func addressOfNode(sys string, major, minor uint64) string {
	text, err := os.ReadFile(filepath.Join(sys, "dev", "char", fmt.Sprintf("%d:%d", major, minor), "device", "uevent"))
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(text)) {
		if address, ok := strings.CutPrefix(line, "PCI_SLOT_NAME="); ok {
			return strings.TrimSpace(address)
		}
	}
	return ""
}
