// Package dynlib opens libraries of other makers while the program runs, and calls their functions
// without cgo.
//
// [Find] looks for a library where its users put it: at the path of an environment variable, beside
// the program, and where the system's loader looks. [Library.Symbol] has the address of a function,
// which [Call] calls when all of its arguments are integers or pointers, and [Bind] turns into a Go
// function otherwise. [Callback] is the other direction.
//
// Such calls need the C library's loader, so a Linux program that can make them is linked
// dynamically. There the build tag gpu asks for it; programs for macOS and Windows can always make
// them. [Available] says whether this one can, and in one that cannot, [Find] and [Open] say which
// build can.
package dynlib

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// ErrUnavailable is the error of a program that cannot open libraries.
var ErrUnavailable = errors.New("this build opens no libraries of other makers; use the release for devices, " +
	"or build with: go build -tags gpu ./cmd/crossrank (Linux, macOS and Windows)")

// Library is an open library. It is never closed: threads that it started may run in it.
type Library struct {
	Path   string // as it was opened; a bare name was found by the system's loader
	handle uintptr
}

// Open opens a library by its path, or by a bare name that the system's loader looks for. Its
// symbols stay its own: two libraries that contain copies of a third do not meet.
func Open(name string) (*Library, error) {
	if !Available {
		return nil, ErrUnavailable
	}
	if filepath.Base(name) != name {
		if _, err := os.Stat(name); err != nil {
			return nil, err
		}
	}
	handle, err := open(name)
	if err != nil {
		return nil, err
	}
	return &Library{Path: name, handle: handle}, nil
}

// Symbol is the address of an exported function.
func (l *Library) Symbol(name string) (uintptr, error) {
	address, err := symbol(l.handle, name)
	if err != nil || address == 0 {
		return 0, fmt.Errorf("%s has no function %s", l.Path, name)
	}
	return address, nil
}

// Tried is a place where a library was looked for, and why it was not opened there.
type Tried struct {
	Path string
	Err  error
}

// Find opens the first library that it finds under one of the names. If the environment variable is
// set, it alone counts: it is the path of the library, or of the directory that has it. Otherwise
// Find looks beside the program, then where the system's loader looks, then in the usual
// directories. The error lists what was tried and how to say where the library is.
func Find(env string, names []string) (*Library, []Tried, error) {
	if !Available {
		return nil, nil, ErrUnavailable
	}
	set := os.Getenv(env)
	var tried []Tried
	for _, path := range places(set, names) {
		l, err := Open(path)
		if err == nil {
			return l, tried, nil
		}
		tried = append(tried, Tried{path, err})
	}
	return nil, tried, &NotFoundError{Env: env, Set: set, Names: names, Tried: tried}
}

// NotFoundError says where a library was looked for in vain.
type NotFoundError struct {
	Env, Set string // the environment variable, and its value
	Names    []string
	Tried    []Tried
}

func (e *NotFoundError) Error() string {
	var b strings.Builder
	if e.Set != "" {
		fmt.Fprintf(&b, "no library could be opened at %s=%s", e.Env, e.Set)
	} else {
		fmt.Fprintf(&b, "no library %s was found; set %s to its path", strings.Join(e.Names, " or "), e.Env)
	}
	for _, t := range e.Tried {
		if !missing(t.Err) || e.Set != "" {
			fmt.Fprintf(&b, "; %s: %v", t.Path, t.Err)
		}
	}
	fmt.Fprintf(&b, " (tried %s)", strings.Join(e.paths(), ", "))
	return b.String()
}

func (e *NotFoundError) paths() []string {
	var paths []string
	for _, t := range e.Tried {
		paths = append(paths, t.Path)
	}
	return paths
}

// missing says whether a library is just not there, as opposed to one that cannot be opened.
func missing(err error) bool {
	return errors.Is(err, os.ErrNotExist) || strings.Contains(err.Error(), "cannot open shared object file: No such file") ||
		strings.Contains(err.Error(), "image not found") || strings.Contains(err.Error(), "no such file")
}

// places are the paths to try, in order.
func places(set string, names []string) []string {
	if set != "" {
		if info, err := os.Stat(set); err != nil || !info.IsDir() {
			return []string{set}
		}
		return within(set, names)
	}
	var paths []string
	if program, err := os.Executable(); err == nil {
		if real, err := filepath.EvalSymlinks(program); err == nil {
			program = real
		}
		paths = append(paths, within(filepath.Dir(program), names)...)
	}
	paths = append(paths, names...)
	for _, dir := range usual[runtime.GOOS] {
		paths = append(paths, within(dir, names)...)
	}
	return paths
}

// usual are the directories of libraries that a system's loader may not look in.
var usual = map[string][]string{
	"linux":  {"/usr/local/lib", "/usr/lib"},
	"darwin": {"/opt/homebrew/lib", "/usr/local/lib"},
}

func within(dir string, names []string) []string {
	paths := make([]string, len(names))
	for i, name := range names {
		paths[i] = filepath.Join(dir, name)
	}
	return paths
}
