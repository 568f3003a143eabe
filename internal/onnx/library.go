package onnx

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"unsafe"

	"github.com/crossrank/crossrank/internal/dynlib"
)

// Variable is the environment variable that names the library of ONNX Runtime.
const Variable = "CROSSRANK_ONNX_LIB"

// apiVersion is that of ONNX Runtime 1.17, the first that reads [operatorVersion]. Later libraries
// have it too: their table of functions only grows at its end.
const apiVersion = 17

// function is the place of a function in the library's table, OrtApi in onnxruntime_c_api.h.
type function int

const (
	getErrorMessage           function = 2
	createEnv                 function = 3
	createSession             function = 7
	createSessionFromArray    function = 8
	runSession                function = 9
	createSessionOptions      function = 10
	setIntraOpNumThreads      function = 24
	setInterOpNumThreads      function = 25
	createTensorWithData      function = 49
	getTensorData             function = 51
	getElementType            function = 60
	getDimensionsCount        function = 61
	getDimensions             function = 62
	getTensorTypeAndShape     function = 65
	createCPUMemoryInfo       function = 69
	releaseStatus             function = 93
	releaseSession            function = 95
	releaseValue              function = 96
	releaseTypeAndShape       function = 99
	releaseSessionOptions     function = 100
	getAvailableProviders     function = 125
	releaseAvailableProviders function = 126
	addSessionConfigEntry     function = 130
	appendTensorRT            function = 170
	createTensorRTOptions     function = 171
	releaseTensorRTOptions    function = 174
	appendCUDA                function = 204
	createCUDAOptions         function = 205
	releaseCUDAOptions        function = 208
	addExternalInitializers   function = 210
	appendProvider            function = 216
	functions                          = 217 // how many of the table are read
)

// library is ONNX Runtime. It is opened once and never closed.
type library struct {
	version string
	path    string
	table   [functions]uintptr
	env     uintptr
	memory  uintptr // says that tensors lie in the program's memory
}

// openLibrary finds and opens the library, once: a later call has the same answer.
var openLibrary = sync.OnceValues(func() (*library, error) {
	found, _, err := dynlib.Find(Variable, libraryNames[runtime.GOOS])
	if err != nil {
		return nil, fmt.Errorf("looking for ONNX Runtime: %w", err)
	}
	l, err := bind(found)
	if err != nil {
		return nil, fmt.Errorf("opening ONNX Runtime at %s: %w", found.Path, err)
	}
	return l, nil
})

var libraryNames = map[string][]string{
	"linux":   {"libonnxruntime.so.1", "libonnxruntime.so"},
	"darwin":  {"libonnxruntime.dylib", "libonnxruntime.1.dylib"},
	"windows": {"onnxruntime.dll"},
}

// bind reads the library's table of functions.
func bind(found *dynlib.Library) (*library, error) {
	base, err := found.Symbol("OrtGetApiBase")
	if err != nil {
		return nil, err
	}
	// struct OrtApiBase has two functions: the table of a version, and the library's version.
	bases := (*[2]uintptr)(pointer(dynlib.Call(base)))
	l := &library{path: found.Path, version: text(dynlib.Call(bases[1]))}
	table := dynlib.Call(bases[0], apiVersion)
	if table == 0 {
		return nil, fmt.Errorf("it is version %s; use 1.%d or newer", l.version, apiVersion)
	}
	l.table = *(*[functions]uintptr)(pointer(table))
	const logFatal, arena, defaultMemory = 4, 1, 0 // errors are returned, so they are not logged too
	name := cstring("crossrank")
	if err := l.call(createEnv, logFatal, uintptr(first(name)), uintptr(unsafe.Pointer(&l.env))); err != nil {
		return nil, err
	}
	if err := l.call(createCPUMemoryInfo, arena, defaultMemory, uintptr(unsafe.Pointer(&l.memory))); err != nil {
		return nil, err
	}
	return l, nil
}

// call calls a function that returns a status.
//
//go:uintptrescapes
func (l *library) call(f function, args ...uintptr) error {
	status := dynlib.Call(l.table[f], args...)
	if status == 0 {
		return nil
	}
	message := text(dynlib.Call(l.table[getErrorMessage], status))
	l.release(releaseStatus, status)
	return errors.New(strings.TrimSpace(message))
}

// release gives back what a call made.
func (l *library) release(f function, object uintptr) {
	if object != 0 {
		dynlib.Call(l.table[f], object)
	}
}

// providers lists the execution providers that the library has.
func (l *library) providers() ([]string, error) {
	var list uintptr
	var n int32
	if err := l.call(getAvailableProviders, uintptr(unsafe.Pointer(&list)), uintptr(unsafe.Pointer(&n))); err != nil {
		return nil, err
	}
	var names []string
	for _, at := range unsafe.Slice((*uintptr)(pointer(list)), n) {
		names = append(names, strings.TrimSuffix(text(at), "ExecutionProvider"))
	}
	slices.Sort(names)
	return names, l.call(releaseAvailableProviders, list, uintptr(n))
}

// pointer is memory of the library. Such addresses are no Go pointers, which is why they are kept
// as numbers.
func pointer(address uintptr) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&address)) }

// text copies a string of the library.
func text(at uintptr) string {
	if at == 0 {
		return ""
	}
	start := (*byte)(pointer(at))
	n := 0
	for *(*byte)(unsafe.Add(unsafe.Pointer(start), n)) != 0 {
		n++
	}
	return string(unsafe.Slice(start, n))
}

// first is where a slice begins. It is converted to a number within the arguments of a call, which
// keeps the slice where it is until the call returns.
func first[T any](s []T) unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(s)) }

// cstring is a string as the library reads it.
func cstring(s string) []byte { return append([]byte(s), 0) }

// cstrings are strings as the library reads them. They stay where they are while the value lives.
type cstrings struct {
	bytes    [][]byte
	pointers []uintptr
}

func newCstrings(strings []string) *cstrings {
	c := &cstrings{}
	for _, s := range strings {
		b := cstring(s)
		c.bytes = append(c.bytes, b)
		c.pointers = append(c.pointers, uintptr(first(b)))
	}
	return c
}
