package webgpu

import (
	"fmt"
	"reflect"
	"runtime"
	"sync"

	"github.com/crossrank/crossrank/internal/dynlib"
)

// Variable is the environment variable with the path of the library.
const Variable = "CROSSRANK_WEBGPU_LIB"

// libraryNames are the files that libraries with webgpu.h's functions have on this system.
func libraryNames() []string {
	names := []string{"webgpu_dawn", "wgpu_native", "webgpu_wrapper"}
	for i, name := range names {
		switch runtime.GOOS {
		case "windows":
			names[i] = name + ".dll"
		case "darwin":
			names[i] = "lib" + name + ".dylib"
		default:
			names[i] = "lib" + name + ".so"
		}
	}
	if runtime.GOOS == "linux" {
		names = append(names, "libwebgpu_dawn.so.0") // Debian's libwebgpu-dawn0
	}
	return names
}

// library is an open library with the functions that this package calls. Fields of type uintptr are
// called with integers and pointers alone; the others have structures by value.
type library struct {
	path    string
	dialect dialect

	CreateInstance                       uintptr
	InstanceProcessEvents                uintptr
	InstanceRelease                      uintptr
	AdapterGetInfo                       uintptr
	AdapterInfoFreeMembers               func(adapterInfo)
	AdapterGetLimits                     uintptr
	AdapterHasFeature                    uintptr
	AdapterRelease                       uintptr
	DeviceGetQueue                       uintptr
	DeviceCreateBuffer                   uintptr
	DeviceCreateShaderModule             uintptr
	DeviceCreateComputePipeline          uintptr
	DeviceCreateBindGroup                uintptr
	DeviceCreateCommandEncoder           uintptr
	DeviceCreateQuerySet                 uintptr
	DeviceDestroy                        uintptr
	DeviceRelease                        uintptr
	QueueWriteBuffer                     uintptr
	QueueSubmit                          uintptr
	QueueRelease                         uintptr
	BufferGetConstMappedRange            uintptr
	BufferUnmap                          uintptr
	BufferDestroy                        uintptr
	BufferRelease                        uintptr
	ShaderModuleRelease                  uintptr
	ComputePipelineGetBindGroupLayout    uintptr
	ComputePipelineRelease               uintptr
	BindGroupLayoutRelease               uintptr
	BindGroupRelease                     uintptr
	QuerySetRelease                      uintptr
	CommandEncoderBeginComputePass       uintptr
	CommandEncoderCopyBufferToBuffer     uintptr
	CommandEncoderResolveQuerySet        uintptr
	CommandEncoderFinish                 uintptr
	CommandEncoderRelease                uintptr
	CommandBufferRelease                 uintptr
	ComputePassEncoderSetPipeline        uintptr
	ComputePassEncoderSetBindGroup       uintptr
	ComputePassEncoderDispatchWorkgroups uintptr
	ComputePassEncoderEnd                uintptr
	ComputePassEncoderRelease            uintptr

	InstanceRequestAdapter func(instance uintptr, options *adapterOptions, info callbackInfo) uint64
	AdapterRequestDevice   func(adapter uintptr, descriptor *deviceDescriptor, info callbackInfo) uint64
	BufferMapAsync         func(buffer uintptr, mode uint64, offset, size uintptr, info callbackInfo) uint64

	InstanceWaitAny uintptr `library:"optional"`

	// AdapterPropertiesSubgroupMatrixConfigsFreeMembers is Dawn's alone.
	AdapterPropertiesSubgroupMatrixConfigsFreeMembers func(matrixConfigs) `library:"optional"`

	DevicePoll uintptr `library:"optional"` // wgpu-native's own way to wait
}

// dialect is what differs between the header that was declared stable in September 2025 and the
// ones before it.
type dialect struct {
	name                      string
	timestampQuery, shaderF16 uint32 // numbers of features
	subgroups                 uint32
	subgroupMatrix            uint32 // of Dawn; 0: it has another form of WGSL for it, which is not used
	instanceCapabilities      bool   // the instance is described by capabilities, not by features
}

var (
	stableDialect = dialect{name: "stable", timestampQuery: 0x09, shaderF16: 0x0b, subgroups: 0x12, subgroupMatrix: 0x50034}
	oldDialect    = dialect{name: "before the stable header", timestampQuery: 0x03, shaderF16: 0x0a, subgroups: 0x11, instanceCapabilities: true}
)

// dialectOf tells the dialects apart by a function that the stable header renamed.
func dialectOf(l *dynlib.Library) dialect {
	if _, err := l.Symbol("wgpuGetInstanceCapabilities"); err == nil {
		return oldDialect
	}
	return stableDialect
}

// load opens the library once a process; later calls return the same.
var load = sync.OnceValues(func() (*library, error) {
	l, _, err := dynlib.Find(Variable, libraryNames())
	if err != nil {
		return nil, err
	}
	return bind(l)
})

// bind looks up every function of a library.
func bind(l *dynlib.Library) (*library, error) {
	lib := &library{path: l.Path, dialect: dialectOf(l)}
	v := reflect.ValueOf(lib).Elem()
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if !f.IsExported() {
			continue
		}
		address, err := l.Symbol("wgpu" + f.Name)
		switch {
		case err != nil && f.Tag.Get("library") == "optional":
		case err != nil:
			return nil, fmt.Errorf("%s is no WebGPU library that can be used: %w", l.Path, err)
		case f.Type.Kind() == reflect.Uintptr:
			v.Field(i).SetUint(uint64(address))
		default:
			dynlib.Bind(v.Field(i).Addr().Interface(), address)
		}
	}
	if lib.InstanceWaitAny == 0 && lib.DevicePoll == 0 {
		return nil, fmt.Errorf("%s has neither wgpuInstanceWaitAny nor wgpuDevicePoll, so no result can be awaited", l.Path)
	}
	return lib, nil
}

// call calls a function whose arguments are integers and pointers.
//
//go:uintptrescapes
func call(function uintptr, args ...uintptr) uintptr { return dynlib.Call(function, args...) }
