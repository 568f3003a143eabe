package onnx

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"google.golang.org/protobuf/encoding/protowire"
)

// fields reads the fields of a protobuf message from a stream, one after the other, and skips what
// is not asked for. So the weights of a file are never in memory.
type fields struct {
	in   *bufio.Reader
	left int64          // bytes of the message that were not read
	kind protowire.Type // of the field that is read
}

var errMessage = errors.New("it is no ONNX file, or was cut off")

// each calls f for every field. f reads the field's value, or returns false to have it skipped.
func (m *fields) each(f func(number protowire.Number) (read bool, err error)) error {
	for m.left > 0 {
		tag, err := m.varint()
		if err != nil {
			return err
		}
		var number protowire.Number
		if number, m.kind = protowire.DecodeTag(tag); number < 1 {
			return errMessage
		}
		read, err := f(number)
		if err == nil && !read {
			err = m.skip()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// varint reads a number.
func (m *fields) varint() (uint64, error) {
	var v uint64
	for shift := 0; shift < 64; shift += 7 {
		b, err := m.in.ReadByte()
		if m.left--; err != nil || m.left < 0 {
			return 0, errMessage
		}
		if v |= uint64(b&0x7f) << shift; b < 0x80 {
			return v, nil
		}
	}
	return 0, errMessage
}

// message is a field that is a message. It must be read to its end before the next field.
func (m *fields) message() (*fields, error) {
	size, err := m.varint()
	if err != nil || size > uint64(m.left) {
		return nil, errMessage
	}
	m.left -= int64(size)
	return &fields{in: m.in, left: int64(size)}, nil
}

// numbers reads a field of numbers: one, or a list of them.
func (m *fields) numbers(add func(v int64)) error {
	if m.kind != protowire.BytesType {
		v, err := m.varint()
		add(int64(v))
		return err
	}
	list, err := m.message()
	for err == nil && list.left > 0 {
		var v uint64
		v, err = list.varint()
		add(int64(v))
	}
	return err
}

// maxText is how long a name may be.
const maxText = 1 << 16

// text reads a field that is a string.
func (m *fields) text() (string, error) {
	inner, err := m.message()
	if err != nil {
		return "", err
	}
	if inner.left > maxText {
		return "", fmt.Errorf("it has a name of %d bytes", inner.left)
	}
	text := make([]byte, inner.left)
	if _, err := io.ReadFull(m.in, text); err != nil {
		return "", errMessage
	}
	return string(text), nil
}

// skip passes over a field's value.
func (m *fields) skip() error {
	size := int64(0)
	switch m.kind {
	case protowire.VarintType:
		_, err := m.varint()
		return err
	case protowire.Fixed32Type:
		size = 4
	case protowire.Fixed64Type:
		size = 8
	case protowire.BytesType:
		inner, err := m.message()
		if err != nil {
			return err
		}
		return inner.discard(inner.left)
	default:
		return errMessage
	}
	return m.discard(size)
}

func (m *fields) discard(size int64) error {
	if m.left -= size; m.left < 0 {
		return errMessage
	}
	for size > 0 {
		part := min(size, 1<<30)
		if _, err := m.in.Discard(int(part)); err != nil {
			return errMessage
		}
		size -= part
	}
	return nil
}
