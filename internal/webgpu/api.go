package webgpu

import "unsafe"

// The structures of webgpu.h, as C lays them out on 64-bit machines. Pointers to Go memory are
// unsafe.Pointer, so that what they point at lives as long as the structure.

// handle is an object of the library; 0 is none.
type handle uintptr

// stringView is a string with its length.
type stringView struct {
	data   unsafe.Pointer
	length uintptr
}

func viewOf(s string) stringView {
	return stringView{unsafe.Pointer(unsafe.StringData(s)), uintptr(len(s))}
}

// text copies the string, which the library may free.
func (v stringView) text() string {
	if v.data == nil || v.length == 0 {
		return ""
	}
	const zeroTerminated = ^uintptr(0)
	if v.length == zeroTerminated {
		for v.length = 0; *(*byte)(unsafe.Add(v.data, v.length)) != 0; v.length++ {
		}
	}
	return string(unsafe.Slice((*byte)(v.data), v.length))
}

type chainedStruct struct {
	next  unsafe.Pointer
	sType uint32
	_     uint32
}

type callbackInfo struct {
	_         unsafe.Pointer
	mode      uint32
	_         uint32
	callback  uintptr
	userdata1 uintptr
	_         uintptr
}

type errorCallbackInfo struct {
	_         unsafe.Pointer
	callback  uintptr
	userdata1 uintptr
	_         uintptr
}

// oldInstanceDescriptor is that of libraries from before the header was declared stable.
type oldInstanceDescriptor struct {
	next             unsafe.Pointer
	capabilitiesNext unsafe.Pointer
	timedWaitAny     uint32
	_                uint32
	timedWaitAnyMax  uintptr
}

type instanceDescriptor struct {
	next         unsafe.Pointer
	featureCount uintptr
	features     unsafe.Pointer // of uint32
	limits       unsafe.Pointer
}

// dawnToggles switches on what Dawn does only if it is asked to.
type dawnToggles struct {
	chain         chainedStruct
	enabledCount  uintptr
	enabled       unsafe.Pointer // of pointers to strings that end with a zero
	disabledCount uintptr
	_             unsafe.Pointer
}

type adapterOptions struct {
	_               unsafe.Pointer
	featureLevel    uint32
	powerPreference uint32
	_               uint32 // whether only a fallback adapter counts
	backendType     uint32
	_               handle // a surface
}

type adapterInfo struct {
	next                                      unsafe.Pointer
	vendor, architecture, device, description stringView
	backendType, adapterType                  uint32
	vendorID, deviceID                        uint32
	subgroupMin, subgroupMax                  uint32
}

// adapterDRM is Dawn's extension of adapterInfo for Linux: the device nodes of a GPU.
type adapterDRM struct {
	chainedStruct
	hasPrimary, hasRender      uint32
	primaryMajor, primaryMinor uint64
	renderMajor, renderMinor   uint64
	_                          [16]uint64 // other versions may have another structure of this number
}

// limits begins as both dialects of the structure do. What follows differs and is passed on as the
// library wrote it.
type limits struct {
	next                           unsafe.Pointer
	_                              [14]uint32
	uniformBufferBinding           uint64
	storageBufferBinding           uint64
	uniformAlignment               uint32
	storageAlignment               uint32
	vertexBuffers                  uint32
	_                              uint32
	bufferSize                     uint64
	_                              [5]uint32
	workgroupStorage               uint32
	invocationsPerWorkgroup        uint32
	workgroupSizeX                 uint32
	workgroupSizeY, workgroupSizeZ uint32
	workgroupsPerDimension         uint32
	rest                           [8]uint32
}

type deviceDescriptor struct {
	next         unsafe.Pointer
	label        stringView
	featureCount uintptr
	features     unsafe.Pointer // of uint32
	limits       unsafe.Pointer
	_            labelled // of the queue
	lost         callbackInfo
	uncaptured   errorCallbackInfo
}

type bufferDescriptor struct {
	next   unsafe.Pointer
	label  stringView
	usage  uint64
	size   uint64
	mapped uint32
	_      uint32
}

type shaderSource struct {
	chain chainedStruct
	code  stringView
}

// labelled is a descriptor of nothing but a label: of shader modules, command encoders and command
// buffers.
type labelled struct {
	next  unsafe.Pointer
	label stringView
}

type pipelineDescriptor struct {
	next          unsafe.Pointer
	label         stringView
	layout        handle
	stageNext     unsafe.Pointer
	module        handle
	entryPoint    stringView
	constantCount uintptr
	constants     unsafe.Pointer
}

type bindGroupEntry struct {
	next         unsafe.Pointer
	binding      uint32
	_            uint32
	buffer       handle
	offset, size uint64
	sampler      handle
	textureView  handle
}

type bindGroupDescriptor struct {
	next       unsafe.Pointer
	label      stringView
	layout     handle
	entryCount uintptr
	entries    unsafe.Pointer
}

type passDescriptor struct {
	next       unsafe.Pointer
	label      stringView
	timestamps unsafe.Pointer
}

type timestampWrites struct {
	next       unsafe.Pointer
	querySet   handle
	begin, end uint32
}

type querySetDescriptor struct {
	next  unsafe.Pointer
	label stringView
	kind  uint32
	count uint32
}

type waitInfo struct {
	future    uint64
	completed uint32
	_         uint32
}

const (
	sTypeWGSL = 2

	modeProcessEvents = 2 // a callback comes in wgpuInstanceWaitAny or wgpuInstanceProcessEvents
	modeSpontaneous   = 3 // or at any time

	featureLevelCore = 2
	highPerformance  = 2

	backendNull   = 1
	backendVulkan = 6
	adapterCPU    = 3

	usageMapRead      = 0x001
	usageCopySource   = 0x004
	usageCopyTarget   = 0x008
	usageUniform      = 0x040
	usageStorage      = 0x080
	usageQueryResolve = 0x200

	mapRead        = 1
	queryTimestamp = 2
	statusSuccess  = 1
	waitTimedOut   = 2
	errorMemory    = 3 // WGPUErrorType_OutOfMemory

	dawnTogglesDescriptor   = 0x5000a // an sType of Dawn, as the next one
	matrixConfigsProperties = 0x5003b

	implicitSynchronization = 0x50004 // of calls by several threads: Dawn's, the same in both dialects
)

var backendNames = map[uint32]string{
	backendNull: "Null", 2: "WebGPU", 3: "Direct3D 11", 4: "Direct3D 12", 5: "Metal", backendVulkan: "Vulkan", 7: "OpenGL", 8: "OpenGL ES",
}
