package onnx

import (
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
)

// storedNode is an operation of a file.
type storedNode struct {
	kind string
	bits int64 // its attribute of that name; 0: it has none
}

// packing are operations whose weights have as many bits as their attribute bits says, or 4.
var packing = []string{"MatMulNBits", "GatherBlockQuantized", "MatMulBnb4", "QMoE"}

// scaling are operations that choose the scale of 8 bits by all numbers that they read.
var scaling = []string{"DynamicQuantizeLinear", "DynamicQuantizeMatMul"}

// isPacked reports whether the operation reads weights of fewer than 8 bits.
func (n *storedNode) isPacked() bool { return n.bits != 8 && slices.Contains(packing, n.kind) }

func (n *storedNode) read(m *fields) error {
	return m.each(func(number protowire.Number) (read bool, err error) {
		switch number {
		case nodeKind:
			n.kind, err = m.text()
		case nodeAttribute:
			err = within(m, n.readAttribute)
		default:
			return false, nil
		}
		return true, err
	})
}

func (n *storedNode) readAttribute(m *fields) error {
	var name string
	var value int64
	err := m.each(func(number protowire.Number) (read bool, err error) {
		switch number {
		case attributeName:
			name, err = m.text()
		case attributeInt:
			err = readNumber(m, &value)
		default:
			return false, nil
		}
		return true, err
	})
	if name == "bits" {
		n.bits = value
	}
	return err
}
