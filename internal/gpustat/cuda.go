package gpustat

import (
	"runtime"
	"unsafe"

	"github.com/crossrank/crossrank/internal/dynlib"
	"github.com/crossrank/crossrank/internal/state"
)

var cudaNames = map[string]string{"linux": "libcuda.so.1", "windows": "nvcuda.dll"}

// CUDADevice is the GPU that programs of CUDA compute on unless they choose another, as the driver
// orders them for this process; empty if there is none.
func CUDADevice() state.GPUIdentity { return cudaDeviceAt(cudaNames[runtime.GOOS]) }

func cudaDeviceAt(path string) (id state.GPUIdentity) {
	if path == "" {
		return id
	}
	library, err := dynlib.Open(path)
	if err != nil {
		return id
	}
	var initialize, get, address uintptr
	for symbol, to := range map[string]*uintptr{"cuInit": &initialize, "cuDeviceGet": &get, "cuDeviceGetPCIBusId": &address} {
		if *to, err = library.Symbol(symbol); err != nil {
			return id
		}
	}
	var device int32
	text := make([]byte, 32)
	if succeeds(dynlib.Call(initialize, 0)) && succeeds(dynlib.Call(get, uintptr(unsafe.Pointer(&device)), 0)) &&
		succeeds(dynlib.Call(address, uintptr(unsafe.Pointer(&text[0])), uintptr(len(text)), uintptr(device))) {
		id.PCI = parseAddress(textOf(text))
	}
	return id
}
