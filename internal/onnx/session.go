package onnx

import (
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
	"unsafe"
)

// session is a graph that the library has opened. It may run several batches at once.
type session struct {
	library *library
	handle  uintptr
	inputs  []string // the graph's inputs
	names   *cstrings
	output  *cstrings
	others  atomic.Int32 // engines that share it, besides one
}

// newSession opens a file. Its weights, which the library copies, are given apart.
func newSession(l *library, p provider, file []byte, g *graph, w *weights, threads int) (*session, error) {
	var options uintptr
	if err := l.call(createSessionOptions, uintptr(unsafe.Pointer(&options))); err != nil {
		return nil, err
	}
	defer l.release(releaseSessionOptions, options)
	if err := l.configure(options, p, threads); err != nil {
		return nil, err
	}
	values, err := l.valuesOf(g.weights, w)
	defer l.releaseAll(values)
	if err != nil {
		return nil, err
	}
	names := newCstrings(g.weights)
	if err := l.call(addExternalInitializers, options, uintptr(first(names.pointers)), uintptr(first(values)), uintptr(len(values))); err != nil {
		return nil, fmt.Errorf("giving ONNX Runtime the weights: %w", err)
	}
	s := &session{library: l, inputs: g.inputNames, names: newCstrings(g.inputNames), output: newCstrings([]string{outputName})}
	err = l.call(createSessionFromArray, l.env, uintptr(first(file)), uintptr(len(file)), options, uintptr(unsafe.Pointer(&s.handle)))
	runtime.KeepAlive(names)
	runtime.KeepAlive(w)
	if err != nil {
		return nil, fmt.Errorf("opening the network in ONNX Runtime %s: %w", l.version, err)
	}
	return s, nil
}

// configure sets the options of a session.
func (l *library) configure(options uintptr, p provider, threads int) error {
	// Threads that wait by spinning would take the cores of other instances.
	key, value := cstring("session.intra_op.allow_spinning"), cstring("0")
	return errors.Join(
		l.call(setIntraOpNumThreads, options, uintptr(threads)),
		l.call(setInterOpNumThreads, options, 1),
		l.call(addSessionConfigEntry, options, uintptr(first(key)), uintptr(first(value))),
		p.add(l, options),
	)
}

// valuesOf makes values of the library on the memory of weights.
func (l *library) valuesOf(names []string, w *weights) (values []uintptr, err error) {
	for _, name := range names {
		v, err := l.value(w.tensors[name])
		if err != nil {
			return values, fmt.Errorf("%s: %w", name, err)
		}
		values = append(values, v)
	}
	return values, nil
}

// value makes a value of the library on the memory of a tensor.
func (l *library) value(t *tensor) (value uintptr, err error) {
	err = l.call(createTensorWithData, l.memory, uintptr(first(t.bytes)), uintptr(len(t.bytes)),
		uintptr(first(t.dims)), uintptr(len(t.dims)), uintptr(t.kind), uintptr(unsafe.Pointer(&value)))
	return value, err
}

func (l *library) releaseAll(values []uintptr) {
	for _, v := range values {
		l.release(releaseValue, v)
	}
}

// run computes the output, into the memory of a tensor.
func (s *session) run(feeds map[string]*tensor, out *tensor) error {
	l := s.library
	var values []uintptr
	defer func() { l.releaseAll(values) }()
	for _, name := range s.inputs {
		v, err := l.value(feeds[name])
		if err != nil {
			return fmt.Errorf("input %s: %w", name, err)
		}
		values = append(values, v)
	}
	result, err := l.value(out)
	if err != nil {
		return fmt.Errorf("the output: %w", err)
	}
	defer l.release(releaseValue, result)
	results := []uintptr{result}
	err = l.call(runSession, s.handle, 0, uintptr(first(s.names.pointers)), uintptr(first(values)), uintptr(len(values)),
		uintptr(first(s.output.pointers)), 1, uintptr(first(results)))
	runtime.KeepAlive(feeds)
	runtime.KeepAlive(out)
	runtime.KeepAlive(s)
	if err != nil {
		return fmt.Errorf("ONNX Runtime: %w", err)
	}
	return nil
}

// share lets one more engine use the session, and close it.
func (s *session) share() { s.others.Add(1) }

// close frees the session when the last engine closes it.
func (s *session) close() {
	if s.others.Add(-1) < 0 {
		s.library.release(releaseSession, s.handle)
	}
}
