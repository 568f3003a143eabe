//go:build darwin || windows || (linux && gpu)

package dynlib

import "github.com/ebitengine/purego"

// Available says whether this program can open libraries.
const Available = true

// Call calls a C function whose arguments and result are integers or pointers. What the arguments
// point at stays where it is during the call.
//
//go:uintptrescapes
func Call(function uintptr, args ...uintptr) uintptr {
	result, _, _ := purego.SyscallN(function, args...)
	return result
}

// Bind sets *f, a variable of a function type, to a C function. Its arguments may be numbers,
// pointers, strings and structs by value. It panics if the type has no equivalent in C.
func Bind(f any, function uintptr) { purego.RegisterFunc(f, function) }

// Callback makes a Go function one that C code can call. Its arguments and result are integers or
// pointers. It is never released, and a process has about 2,000: make each one once.
func Callback(f any) uintptr { return purego.NewCallback(f) }
