package webgpu

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"unsafe"
)

// Devices are the devices that can be asked for, the default first.
const (
	DeviceGPU     = "gpu"           // the fastest GPU; no device that is a CPU
	DeviceTesting = "cpu-for-tests" // a Vulkan driver on the CPU, such as Mesa's lavapipe: right, but slow
)

// adapter is what a library says about a device before it is opened.
type adapter struct {
	name    string // of the device
	driver  string // and its version
	backend string // such as Vulkan
	gpu     Identity
	cpu     bool
	f16     bool // it computes with 16-bit floating-point numbers
	units   []matrixUnit
	limits  limits

	subgroup subgroupSizes
}

// subgroupSizes are how many threads a subgroup has at least and at most; 0 if that is unknown.
type subgroupSizes struct{ least, most int }

// device is an open device with its queue. One goroutine uses it at a time, except for waiting.
type device struct {
	lib      *library
	adapter  adapter
	instance handle
	device   handle
	queue    handle
	number   uintptr // by which callbacks find it

	submitting sync.Mutex   // held by whoever uses the device
	wanting    atomic.Int32 // those who wait for it, but not those who wait for a batch

	timestamps bool // the time that a submission takes can be measured
	subgroups  bool // threads that compute in step can be summed over
	matrices   matrices
	memory     atomic.Int64

	mu   sync.Mutex // guards what callbacks write
	lost error
	err  error // the first that nothing else reported

	pipelines map[string]handle // by the text of their shader
}

// errLost is what batches fail with when the device is gone: a driver was reset, or a GPU
// unplugged.
var errLost = errors.New("the device is lost")

// needs are features of a device that a model uses.
type needs struct {
	f16   bool
	plain bool // none of those that it can do without

	withoutMatrices string // why matrix units are not used; "" = they are
}

// openDevice opens the adapter that a name of [DeviceGPU] or [DeviceTesting] means.
func openDevice(lib *library, name string, needs needs) (*device, error) {
	d := &device{lib: lib, pipelines: map[string]handle{}}
	if err := d.createInstance(); err != nil {
		return nil, err
	}
	chosen, err := d.chooseAdapter(name)
	if err != nil {
		d.close()
		return nil, err
	}
	defer call(lib.AdapterRelease, uintptr(chosen))
	if needs.f16 && !d.adapter.f16 {
		d.close()
		return nil, fmt.Errorf("%s computes in no 16 bits (it lacks shader-f16); use fp32", d.adapter.name)
	}
	err = d.request(chosen, needs)
	if err != nil && d.matrices.used() {
		needs.withoutMatrices = err.Error()
		err = d.request(chosen, needs)
	}
	if err != nil {
		d.close()
		return nil, err
	}
	d.queue = handle(call(lib.DeviceGetQueue, uintptr(d.device)))
	return d, nil
}

func (d *device) createInstance() error {
	const timedWaits = 1 // WGPUInstanceFeatureName_TimedWaitAny
	if d.lib.dialect.instanceCapabilities {
		desc := &oldInstanceDescriptor{timedWaitAny: 1, timedWaitAnyMax: 1}
		d.instance = handle(call(d.lib.CreateInstance, uintptr(unsafe.Pointer(desc))))
	} else {
		feature := uint32(timedWaits)
		desc := &instanceDescriptor{}
		if d.lib.AdapterPropertiesSubgroupMatrixConfigsFreeMembers != nil {
			desc.next = unsafe.Pointer(toggles("allow_unsafe_apis")) // it offers what may still change
		}
		if d.lib.DevicePoll == 0 {
			desc.featureCount, desc.features = 1, unsafe.Pointer(&feature)
		}
		d.instance = handle(call(d.lib.CreateInstance, uintptr(unsafe.Pointer(desc))))
	}
	if d.instance == 0 {
		return fmt.Errorf("%s made no WebGPU instance", d.lib.path)
	}
	return nil
}

// chooseAdapter requests an adapter and refuses what nobody asked for: a library without a usable
// driver may offer one that computes nothing (Null), or one on the CPU.
func (d *device) chooseAdapter(name string) (handle, error) {
	options := &adapterOptions{featureLevel: featureLevelCore, powerPreference: highPerformance}
	if name == DeviceTesting {
		options.backendType = backendVulkan
	}
	number, replies := await()
	future := d.lib.InstanceRequestAdapter(uintptr(d.instance), options, callbackInfo{
		mode: modeProcessEvents, callback: newCallbacks().requested, userdata1: number,
	})
	r, err := d.wait(future, replies)
	if err != nil {
		return 0, fmt.Errorf("looking for a GPU with %s: %w", d.lib.path, err)
	}
	if r.status != statusSuccess || r.result == 0 {
		return 0, fmt.Errorf("%s finds no GPU: %s; is the driver of the GPU installed?", d.lib.path, orUnknown(r.message))
	}
	if err := d.describe(r.result, name); err != nil {
		call(d.lib.AdapterRelease, uintptr(r.result))
		return 0, err
	}
	return r.result, nil
}

func (d *device) describe(a handle, name string) error {
	info := &adapterInfo{}
	call(d.lib.AdapterGetInfo, uintptr(a), uintptr(unsafe.Pointer(info)))
	d.adapter = adapter{
		name: orUnknown(info.device.text()), driver: info.description.text(), backend: backendNames[info.backendType], cpu: info.adapterType == adapterCPU,
		f16: d.has(a, d.lib.dialect.shaderF16), units: d.matrixUnits(a), subgroup: subgroupSizes{int(info.subgroupMin), int(info.subgroupMax)},
	}
	backend := info.backendType
	d.adapter.gpu = Identity{Name: info.device.text(), Vendor: info.vendorID, Model: info.deviceID}
	d.lib.AdapterInfoFreeMembers(*info)
	d.adapter.gpu.PCI = d.pciAddress(a)
	call(d.lib.AdapterGetLimits, uintptr(a), uintptr(unsafe.Pointer(&d.adapter.limits)))
	d.adapter.limits.next = nil
	switch {
	case backend == backendNull:
		return fmt.Errorf("%s finds no GPU, only its Null backend, which computes nothing; is the driver of the GPU installed "+
			"(for Vulkan, vulkaninfo lists the devices)?", d.lib.path)
	case d.adapter.cpu && name != DeviceTesting:
		return fmt.Errorf("%s finds no GPU, only %s, which is the CPU; the native backend is much faster there, and the "+
			"device %s is for tests", d.lib.path, d.adapter.name, DeviceTesting)
	}
	return nil
}

func (d *device) has(a handle, feature uint32) bool {
	return uint32(call(d.lib.AdapterHasFeature, uintptr(a), uintptr(feature)))&0xff != 0
}

// request opens the device with all that the adapter allows, and with the features that are used.
func (d *device) request(a handle, needs needs) error {
	features := []uint32{}
	if d.subgroups = !needs.plain && d.has(a, d.lib.dialect.subgroups); d.subgroups {
		features = append(features, d.lib.dialect.subgroups)
	}
	if needs.f16 {
		features = append(features, d.lib.dialect.shaderF16)
	}
	if d.matrices = d.chooseMatrices(needs); d.matrices.used() {
		features = append(features, d.lib.dialect.subgroupMatrix)
	}
	if d.timestamps = d.has(a, d.lib.dialect.timestampQuery); d.timestamps {
		features = append(features, d.lib.dialect.timestampQuery)
	}
	if d.has(a, implicitSynchronization) {
		features = append(features, implicitSynchronization)
	}
	d.watch()
	desc := &deviceDescriptor{
		label: viewOf("crossrank"), limits: unsafe.Pointer(&d.adapter.limits),
		lost:       callbackInfo{mode: modeSpontaneous, callback: newCallbacks().deviceLost, userdata1: d.number},
		uncaptured: errorCallbackInfo{callback: newCallbacks().failed, userdata1: d.number},
	}
	if d.matrices.used() {
		// Dawn would guard each load of a matrix by a branch, and write zeros to the memory of each
		// workgroup. The shaders of this package read what they have written, and nothing beyond.
		desc.next = unsafe.Pointer(toggles("disable_robustness", "disable_workgroup_init"))
	}
	if len(features) > 0 {
		desc.featureCount, desc.features = uintptr(len(features)), unsafe.Pointer(&features[0])
	}
	number, replies := await()
	future := d.lib.AdapterRequestDevice(uintptr(a), desc, callbackInfo{
		mode: modeProcessEvents, callback: newCallbacks().requested, userdata1: number,
	})
	r, err := d.wait(future, replies)
	runtime.KeepAlive(desc)
	if err == nil && (r.status != statusSuccess || r.result == 0) {
		err = errors.New(orUnknown(r.message))
	}
	if err != nil {
		return fmt.Errorf("opening the device %s: %w", d.adapter.name, err)
	}
	d.device = r.result
	return nil
}

// watch lets callbacks find the device by a new number. A request that was refused counts as the loss
// of its device, so the last one's is forgotten.
func (d *device) watch() {
	watched.Delete(d.number)
	d.mu.Lock()
	d.lost, d.err = nil, nil
	d.mu.Unlock()
	d.number = uintptr(lastNumber.Add(1))
	watched.Store(d.number, d)
}

func (d *device) markLost(_ uint32, message string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.lost == nil {
		d.lost = fmt.Errorf("%w: %s", errLost, orUnknown(message))
	}
}

func (d *device) markFailed(kind uint32, message string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.err != nil {
		return
	}
	d.err = fmt.Errorf("the device reports: %s", orUnknown(message))
	if kind == errorMemory {
		d.err = fmt.Errorf("the device has too little memory: %s", orUnknown(message))
	}
}

func (d *device) lostError() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.lost
}

// takeError returns the error that the device has reported since the last call, if any.
func (d *device) takeError() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.lost != nil {
		return d.lost
	}
	err := d.err
	d.err = nil
	return err
}

// failure is why the device cannot be used any more; nil if it can. After an error that nothing
// expects, no result can be trusted.
func (d *device) failure() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.lost != nil {
		return d.lost
	}
	return d.err
}

// close releases the device. Everything made on it has been released.
func (d *device) close() {
	for _, p := range d.pipelines {
		call(d.lib.ComputePipelineRelease, uintptr(p))
	}
	if d.queue != 0 {
		call(d.lib.QueueRelease, uintptr(d.queue))
	}
	if d.device != 0 {
		call(d.lib.DeviceDestroy, uintptr(d.device))
		call(d.lib.DeviceRelease, uintptr(d.device))
	}
	if d.instance != 0 {
		call(d.lib.InstanceProcessEvents, uintptr(d.instance))
		call(d.lib.InstanceRelease, uintptr(d.instance))
	}
	watched.Delete(d.number)
}

func orUnknown(s string) string {
	if s = strings.TrimSpace(s); s == "" {
		return "no reason is given"
	}
	return s
}
