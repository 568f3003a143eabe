package onnx

import (
	"fmt"
	"slices"
	"strings"
	"unsafe"
)

// provider is what computes within the library.
type provider struct {
	device string // its name as a setting
	name   string // its name in the library

	// serial says that it computes one batch of a session at a time, and that nothing else may be
	// asked of the session meanwhile.
	serial bool

	// threads says that it computes on the cores of the session, so that replicas on others compute
	// beside it.
	threads bool
}

// cpu is the provider that every library has.
const cpu = "cpu"

var providers = []provider{
	{device: cpu, name: "CPU", threads: true},
	{device: "cuda", name: "CUDA"},
	{device: "tensorrt", name: "Tensorrt"},
	{device: "coreml", name: "CoreML"},
	{device: "directml", name: "Dml", serial: true},
	{device: "openvino", name: "OpenVINO"},
	{device: "webgpu", name: "WebGpu"},
}

// appendNames are the names that the general function for adding a provider knows.
var appendNames = map[string]string{"coreml": "CoreML", "directml": "DML", "openvino": "OpenVINO", "webgpu": "WebGPU"}

// Devices lists the devices of all libraries, the default first.
func Devices() []string {
	var names []string
	for _, p := range providers {
		names = append(names, p.device)
	}
	return names
}

// findProvider is the provider of a device, if the library has it.
func (l *library) findProvider(device string) (provider, error) {
	i := slices.IndexFunc(providers, func(p provider) bool { return p.device == device })
	if i < 0 {
		return provider{}, fmt.Errorf("ONNX Runtime has no device %q; use one of %s", device, strings.Join(Devices(), ", "))
	}
	p := providers[i]
	has, err := l.providers()
	if err != nil {
		return provider{}, err
	}
	if !slices.ContainsFunc(has, func(name string) bool { return strings.EqualFold(name, p.name) }) {
		return provider{}, fmt.Errorf("this ONNX Runtime %s (%s) has no %s provider, it has %s; install one that has, and name it by %s",
			l.version, l.path, p.name, strings.Join(has, ", "), Variable)
	}
	return p, nil
}

// add adds the provider to the options of a session. Operations that it lacks run on the CPU.
func (p provider) add(l *library, options uintptr) error {
	var err error
	switch p.device {
	case cpu:
	case "cuda":
		err = l.addWithOptions(options, createCUDAOptions, appendCUDA, releaseCUDAOptions)
	case "tensorrt":
		if err = l.addWithOptions(options, createTensorRTOptions, appendTensorRT, releaseTensorRTOptions); err == nil {
			err = l.addWithOptions(options, createCUDAOptions, appendCUDA, releaseCUDAOptions)
		}
	default:
		name := cstring(appendNames[p.device])
		err = l.call(appendProvider, options, uintptr(first(name)), 0, 0, 0)
	}
	if err != nil {
		return fmt.Errorf("the %s provider of ONNX Runtime cannot be used here: %w", p.name, err)
	}
	return nil
}

// addWithOptions adds a provider that has options of its own, with their defaults.
func (l *library) addWithOptions(session uintptr, create, add, release function) error {
	var options uintptr
	if err := l.call(create, uintptr(unsafe.Pointer(&options))); err != nil {
		return err
	}
	defer l.release(release, options)
	return l.call(add, session, options)
}
