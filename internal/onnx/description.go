package onnx

import (
	"bufio"
	"fmt"
	"os"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
)

// description is what a stored file says of its graph.
type description struct {
	inputs, outputs []declared
	weights         []storedWeight
	packed          string // an operation that reads weights of fewer than 8 bits; "": there is none

	// scaledByRun says that what is multiplied is rounded to 8 bits by the largest number of a whole
	// run, so that the sequences beside one change its logit.
	scaledByRun bool
}

// declared is an input or output.
type declared struct {
	name string
	kind element
	dims []dimension
}

// storedWeight is a tensor of the file.
type storedWeight struct {
	declared
	location string // the file that has its numbers; "" is the file itself
}

// elements is how many numbers the tensor has.
func (w storedWeight) elements() int64 {
	n := int64(1)
	for _, d := range w.dims {
		n *= d.size
	}
	return n
}

// describe reads the description of a file.
func describe(path string) (*description, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	return readModel(&fields{in: bufio.NewReaderSize(f, 1<<16), left: info.Size()})
}

func readModel(m *fields) (*description, error) {
	d := &description{}
	err := m.each(func(number protowire.Number) (bool, error) {
		if number != modelGraph {
			return false, nil
		}
		return true, within(m, func(graph *fields) error { return d.readGraph(graph) })
	})
	// Files of old versions list the weights among the inputs.
	d.inputs = slices.DeleteFunc(d.inputs, func(in declared) bool {
		return slices.ContainsFunc(d.weights, func(w storedWeight) bool { return w.name == in.name })
	})
	if err == nil && len(d.outputs) == 0 {
		err = errMessage
	}
	return d, err
}

// within reads a field that is a message.
func within(m *fields, read func(inner *fields) error) error {
	inner, err := m.message()
	if err != nil {
		return err
	}
	return read(inner)
}

func (d *description) readGraph(m *fields) error {
	return m.each(func(number protowire.Number) (read bool, err error) {
		switch number {
		case graphInitializer:
			var w storedWeight
			err = within(m, w.read)
			d.weights = append(d.weights, w)
		case graphNode:
			var n storedNode
			if err = within(m, n.read); n.isPacked() {
				d.packed = n.kind
			}
			d.scaledByRun = d.scaledByRun || slices.Contains(scaling, n.kind)
		case graphInput:
			var in declared
			err = within(m, in.read)
			d.inputs = append(d.inputs, in)
		case graphOutput:
			var out declared
			err = within(m, out.read)
			d.outputs = append(d.outputs, out)
		default:
			return false, nil
		}
		return true, err
	})
}

// read reads the declaration of an input or output.
func (v *declared) read(m *fields) error {
	return m.each(func(number protowire.Number) (read bool, err error) {
		switch number {
		case valueName:
			v.name, err = m.text()
		case valueType:
			err = within(m, func(kind *fields) error {
				return kind.each(func(number protowire.Number) (bool, error) {
					if number != typeTensor {
						return false, nil
					}
					return true, within(kind, v.readTensorType)
				})
			})
		default:
			return false, nil
		}
		return true, err
	})
}

func (v *declared) readTensorType(m *fields) error {
	return m.each(func(number protowire.Number) (read bool, err error) {
		switch number {
		case tensorTypeElement:
			err = readNumber(m, &v.kind)
		case tensorTypeShape:
			err = within(m, func(shape *fields) error {
				return shape.each(func(number protowire.Number) (bool, error) {
					if number != shapeDim {
						return false, nil
					}
					v.dims = append(v.dims, dimension{})
					return true, within(shape, v.dims[len(v.dims)-1].read)
				})
			})
		default:
			return false, nil
		}
		return true, err
	})
}

func (d *dimension) read(m *fields) error {
	return m.each(func(number protowire.Number) (read bool, err error) {
		switch number {
		case dimValue:
			err = readNumber(m, &d.size)
		case dimName:
			d.name, err = m.text()
		default:
			return false, nil
		}
		return true, err
	})
}

// maxElements is how many numbers a tensor may have along its axes, so that no product overflows.
const maxElements = 1 << 40

func (w *storedWeight) read(m *fields) error {
	err := m.each(func(number protowire.Number) (read bool, err error) {
		switch number {
		case tensorName:
			w.name, err = m.text()
		case tensorType:
			err = readNumber(m, &w.kind)
		case tensorExternal:
			err = within(m, w.readLocation)
		case tensorDims:
			err = m.numbers(func(v int64) { w.dims = append(w.dims, dimension{size: v}) })
		default:
			return false, nil
		}
		return true, err
	})
	n := int64(1)
	for _, d := range w.dims {
		if d.size < 0 || d.size > maxElements/max(1, n) {
			return fmt.Errorf("its tensor %.100q has the shape %v", w.name, w.dims)
		}
		n *= d.size
	}
	return err
}

// readLocation reads one property of numbers that lie in another file.
func (w *storedWeight) readLocation(m *fields) error {
	var key, value string
	err := m.each(func(number protowire.Number) (read bool, err error) {
		switch number {
		case entryKey:
			key, err = m.text()
		case entryValue:
			value, err = m.text()
		default:
			return false, nil
		}
		return true, err
	})
	if key == "location" {
		w.location = value
	}
	return err
}

func readNumber[T ~int32 | ~int64](m *fields, to *T) error {
	v, err := m.varint()
	*to = T(v)
	return err
}
