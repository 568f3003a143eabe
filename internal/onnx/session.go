package onnx

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"unicode/utf16"
	"unsafe"
)

// session is a graph that the library has opened. It may run several batches at once.
type session struct {
	library *library
	handle  uintptr
	inputs  []string // the graph's inputs
	names   *cstrings
	output  *cstrings
	serial  bool       // of the provider
	running sync.Mutex // held by a batch that is computed, if serial
}

// open opens the model's network in the library.
func (m *model) open(threads int) (*session, error) {
	l := m.library
	var options uintptr
	if err := l.call(createSessionOptions, uintptr(unsafe.Pointer(&options))); err != nil {
		return nil, err
	}
	defer l.release(releaseSessionOptions, options)
	if err := l.configure(options, m.provider, threads); err != nil {
		return nil, err
	}
	s := &session{library: l, inputs: m.inputs, serial: m.provider.serial}
	var err error
	if m.stored != "" {
		err = s.openStored(m.stored, options)
	} else {
		err = s.openWritten(m.file, m.graph, m.weights, options)
	}
	if err != nil {
		return nil, fmt.Errorf("opening the network in ONNX Runtime %s: %w", l.version, err)
	}
	s.names, s.output = newCstrings(s.inputs), newCstrings([]string{outputName})
	return s, nil
}

// openWritten opens a file that was written here. Its weights, which the library copies, are given
// apart.
func (s *session) openWritten(file []byte, g *graph, w *weights, options uintptr) error {
	l := s.library
	values, err := l.valuesOf(g.weights, w)
	defer l.releaseAll(values)
	if err != nil {
		return err
	}
	names := newCstrings(g.weights)
	if err := l.call(addExternalInitializers, options, uintptr(first(names.pointers)), uintptr(first(values)), uintptr(len(values))); err != nil {
		return fmt.Errorf("the weights: %w", err)
	}
	err = l.call(createSessionFromArray, l.env, uintptr(first(file)), uintptr(len(file)), options, uintptr(unsafe.Pointer(&s.handle)))
	runtime.KeepAlive(names)
	runtime.KeepAlive(w)
	return err
}

// openStored opens a file of the disk. The library reads the weights that it has beside it.
func (s *session) openStored(path string, options uintptr) error {
	l := s.library
	if runtime.GOOS == "windows" { // where the library reads paths in UTF-16
		wide := utf16.Encode([]rune(path + "\x00"))
		return l.call(createSession, l.env, uintptr(first(wide)), options, uintptr(unsafe.Pointer(&s.handle)))
	}
	return l.call(createSession, l.env, uintptr(first(cstring(path))), options, uintptr(unsafe.Pointer(&s.handle)))
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

// tensorOf is a tensor on the memory of a value of the library.
func (l *library) tensorOf(value uintptr) (*tensor, error) {
	var info, data uintptr
	if err := l.call(getTensorTypeAndShape, value, uintptr(unsafe.Pointer(&info))); err != nil {
		return nil, err
	}
	defer l.release(releaseTypeAndShape, info)
	t, axes := &tensor{}, uint64(0)
	err := errors.Join(
		l.call(getElementType, info, uintptr(unsafe.Pointer(&t.kind))),
		l.call(getDimensionsCount, info, uintptr(unsafe.Pointer(&axes))),
		l.call(getTensorData, value, uintptr(unsafe.Pointer(&data))),
	)
	if err != nil {
		return nil, err
	}
	t.dims = make([]int64, axes)
	if err := l.call(getDimensions, info, uintptr(first(t.dims)), uintptr(axes)); err != nil {
		return nil, err
	}
	size := t.kind.bytes()
	if size == 0 {
		return nil, fmt.Errorf("it is of %s", t.kind)
	}
	for _, d := range t.dims {
		size *= int(d)
	}
	t.bytes = unsafe.Slice((*byte)(pointer(data)), size)
	return t, nil
}

func (l *library) releaseAll(values []uintptr) {
	for _, v := range values {
		l.release(releaseValue, v)
	}
}

// run computes the output, into the memory of a tensor.
func (s *session) run(feeds map[string]*tensor, out *tensor) error {
	result, err := s.library.value(out)
	if err != nil {
		return fmt.Errorf("the output: %w", err)
	}
	defer s.library.release(releaseValue, result)
	err = s.compute(feeds, &result)
	runtime.KeepAlive(out)
	return err
}

// runAndRead computes the output into memory of the library, which read must not use later.
func (s *session) runAndRead(feeds map[string]*tensor, read func(out *tensor) error) error {
	var result uintptr
	if err := s.compute(feeds, &result); err != nil {
		return err
	}
	defer s.library.release(releaseValue, result)
	out, err := s.library.tensorOf(result)
	if err != nil {
		return fmt.Errorf("the output: %w", err)
	}
	return read(out)
}

// compute computes the output into a value of the library, which it makes if there is none.
func (s *session) compute(feeds map[string]*tensor, result *uintptr) error {
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
	if s.serial {
		s.running.Lock()
		defer s.running.Unlock()
	}
	err := l.call(runSession, s.handle, 0, uintptr(first(s.names.pointers)), uintptr(first(values)), uintptr(len(values)),
		uintptr(first(s.output.pointers)), 1, uintptr(unsafe.Pointer(result)))
	runtime.KeepAlive(feeds)
	runtime.KeepAlive(s)
	if err != nil {
		return fmt.Errorf("ONNX Runtime: %w", err)
	}
	return nil
}

// close frees the session.
func (s *session) close() { s.library.release(releaseSession, s.handle) }
