//go:build !(darwin || windows || (linux && gpu))

package dynlib

// Available says whether this program can open libraries.
const Available = false

// There is no library to call: Open and Find return ErrUnavailable.

func Call(uintptr, ...uintptr) uintptr { panic("dynlib: a call without a library") }

func Bind(any, uintptr) { panic("dynlib: a function without a library") }

func Callback(any) uintptr { panic("dynlib: a callback without a library") }

func open(string) (uintptr, error) { return 0, ErrUnavailable }

func symbol(uintptr, string) (uintptr, error) { return 0, ErrUnavailable }
