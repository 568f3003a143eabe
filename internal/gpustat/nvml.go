package gpustat

import (
	"bytes"
	"runtime"
	"unsafe"

	"github.com/crossrank/crossrank/internal/dynlib"
	"github.com/crossrank/crossrank/internal/state"
)

// nvml is the library of NVIDIA's driver.
type nvml struct {
	count, handle, name, memory, utilization uintptr // functions
	pci                                      uintptr // 0: an old driver lacks it
}

var nvmlNames = map[string]string{"linux": "libnvidia-ml.so.1", "windows": "nvml.dll"}

// openNVML opens the driver's library; nil: it is not there, or has no driver.
func openNVML() source { return openNVMLAt(nvmlNames[runtime.GOOS]) }

func openNVMLAt(path string) source {
	if path == "" {
		return nil
	}
	library, err := dynlib.Open(path)
	if err != nil {
		return nil
	}
	n := &nvml{}
	var initialize uintptr
	for symbol, to := range map[string]*uintptr{
		"nvmlInit_v2": &initialize, "nvmlDeviceGetCount_v2": &n.count, "nvmlDeviceGetHandleByIndex_v2": &n.handle,
		"nvmlDeviceGetName": &n.name, "nvmlDeviceGetMemoryInfo": &n.memory, "nvmlDeviceGetUtilizationRates": &n.utilization,
	} {
		if *to, err = library.Symbol(symbol); err != nil {
			return nil
		}
	}
	if n.pci, err = library.Symbol("nvmlDeviceGetPciInfo_v3"); err != nil {
		n.pci = 0
	}
	if !succeeds(dynlib.Call(initialize)) {
		return nil
	}
	return n
}

// succeeds reads the result of a function, an int of C: 0 is success.
func succeeds(result uintptr) bool { return int32(result) == 0 }

// textOf is a text of C in memory that may be larger.
func textOf(memory []byte) string {
	text, _, _ := bytes.Cut(memory, []byte{0})
	return string(text)
}

func (n *nvml) read() []state.GPU {
	var count uint32
	if !succeeds(dynlib.Call(n.count, uintptr(unsafe.Pointer(&count)))) {
		return nil
	}
	var all []state.GPU
	for i := range count {
		var device uintptr
		if succeeds(dynlib.Call(n.handle, uintptr(i), uintptr(unsafe.Pointer(&device)))) {
			all = append(all, n.readDevice(device))
		}
	}
	return all
}

// readDevice reads each figure by itself: a GPU that is divided among programs refuses some.
func (n *nvml) readDevice(device uintptr) state.GPU {
	var g state.GPU
	name := make([]byte, 96) // NVML_DEVICE_NAME_V2_BUFFER_SIZE
	if succeeds(dynlib.Call(n.name, device, uintptr(unsafe.Pointer(&name[0])), uintptr(len(name)))) {
		g.Name = textOf(name)
	}
	n.readPCI(device, &g.GPUIdentity)
	var memory struct{ total, free, used uint64 } // nvmlMemory_t, in bytes
	if succeeds(dynlib.Call(n.memory, device, uintptr(unsafe.Pointer(&memory)))) {
		g.UsedBytes, g.TotalBytes = new(int64(memory.used)), new(int64(memory.total))
	}
	var busy struct{ gpu, memory uint32 } // nvmlUtilization_t, in percent
	if succeeds(dynlib.Call(n.utilization, device, uintptr(unsafe.Pointer(&busy)))) {
		g.BusyPct = new(float64(busy.gpu))
	}
	return g
}

// readPCI reads where a GPU is on the bus, and its kind.
func (n *nvml) readPCI(device uintptr, g *state.GPUIdentity) {
	var pci struct { // nvmlPciInfo_t
		_                   [16]byte
		domain, bus, device uint32
		id                  uint32 // the maker's number of the kind, then 16 bits of the maker
		_                   uint32
		_                   [32]byte
	}
	if n.pci != 0 && succeeds(dynlib.Call(n.pci, device, uintptr(unsafe.Pointer(&pci)))) {
		g.PCI = pciAddress(pci.domain, pci.bus, pci.device, 0)
		g.Vendor, g.Model = pci.id&0xffff, pci.id>>16
	}
}
