package onnx

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// element is the type of a tensor's elements, with the numbers of the ONNX format, which are those
// of the library too.
type element int32

const (
	float32s  element = 1
	uint8s    element = 2
	int8s     element = 3
	int32s    element = 6
	int64s    element = 7
	bools     element = 9
	float16s  element = 10
	bfloat16s element = 16
)

// elementNames has the types that are read of files, and others that files have.
var elementNames = map[element]string{
	float32s: "float32", uint8s: "uint8", int8s: "int8", int32s: "int32", int64s: "int64", bools: "bool", float16s: "float16",
	11: "float64", bfloat16s: "bfloat16", 17: "float8", 21: "uint4", 22: "int4",
}

func (e element) String() string {
	if name, ok := elementNames[e]; ok {
		return name
	}
	return fmt.Sprintf("type %d", int32(e))
}

// bytes is how much memory an element takes; 0 if tensors of its type are not read.
func (e element) bytes() int {
	switch e {
	case float32s:
		return 4
	case float16s:
		return 2
	}
	return 0
}

// The fields of the format's messages that are written here, by the numbers of onnx.proto.
const (
	modelIRVersion, modelProducer, modelGraph, modelOperators = 1, 2, 7, 8
	operatorsVersion                                          = 2
	graphNode, graphName, graphInitializer                    = 1, 2, 5
	graphInput, graphOutput                                   = 11, 12
	nodeInput, nodeOutput, nodeName, nodeKind, nodeAttribute  = 1, 2, 3, 4, 5
	attributeName, attributeFloat, attributeInt               = 1, 2, 3
	attributeString, attributeInts, attributeType             = 4, 8, 20
	tensorDims, tensorType, tensorName, tensorRaw             = 1, 2, 8, 9
	tensorExternal, tensorLocation                            = 13, 14
	entryKey, entryValue                                      = 1, 2
	valueName, valueType                                      = 1, 2
	typeTensor, tensorTypeElement, tensorTypeShape            = 1, 1, 2
	shapeDim, dimValue, dimName                               = 1, 1, 2
)

// The format's version, and that of its operators: the first that have GELU. ONNX Runtime 1.17
// reads both.
const (
	irVersion       = 9
	operatorVersion = 20
)

// message is a protobuf message that is being written.
type message []byte

func (m *message) bytes(field protowire.Number, b []byte) {
	*m = protowire.AppendBytes(protowire.AppendTag(*m, field, protowire.BytesType), b)
}

func (m *message) text(field protowire.Number, s string) { m.bytes(field, []byte(s)) }

func (m *message) number(field protowire.Number, v int64) {
	*m = protowire.AppendVarint(protowire.AppendTag(*m, field, protowire.VarintType), uint64(v))
}

func (m *message) float(field protowire.Number, v float32) {
	*m = protowire.AppendFixed32(protowire.AppendTag(*m, field, protowire.Fixed32Type), math.Float32bits(v))
}

// attribute is a named constant of a node.
type attribute func(*message)

func intAttribute(name string, v int64) attribute {
	return func(m *message) {
		m.text(attributeName, name)
		m.number(attributeInt, v)
		m.number(attributeType, 2)
	}
}

func floatAttribute(name string, v float32) attribute {
	return func(m *message) {
		m.text(attributeName, name)
		m.float(attributeFloat, v)
		m.number(attributeType, 1)
	}
}

func stringAttribute(name, v string) attribute {
	return func(m *message) {
		m.text(attributeName, name)
		m.text(attributeString, v)
		m.number(attributeType, 3)
	}
}

func intsAttribute(name string, v ...int64) attribute {
	return func(m *message) {
		m.text(attributeName, name)
		for _, n := range v {
			m.number(attributeInts, n)
		}
		m.number(attributeType, 7)
	}
}

// encodeNode writes one operation.
func encodeNode(kind, output string, inputs []string, attributes []attribute) message {
	var m message
	for _, in := range inputs {
		m.text(nodeInput, in)
	}
	m.text(nodeOutput, output)
	m.text(nodeName, output)
	m.text(nodeKind, kind)
	for _, a := range attributes {
		var body message
		a(&body)
		m.bytes(nodeAttribute, body)
	}
	return m
}

// encodeConstant writes a small tensor with its numbers.
func encodeConstant(name string, kind element, dims []int64, raw []byte) message {
	m := encodeTensor(name, kind, dims)
	m.bytes(tensorRaw, raw)
	return m
}

// encodeWeight writes a tensor whose numbers are given to the library apart: the file stays far
// below the 2 GB that protobuf allows, and no number is copied into it.
func encodeWeight(name string, kind element, dims []int64) message {
	m := encodeTensor(name, kind, dims)
	var entry message
	entry.text(entryKey, "location")
	entry.text(entryValue, name)
	m.bytes(tensorExternal, entry)
	m.number(tensorLocation, 1)
	return m
}

func encodeTensor(name string, kind element, dims []int64) message {
	var m message
	for _, d := range dims {
		m.number(tensorDims, d)
	}
	m.number(tensorType, int64(kind))
	m.text(tensorName, name)
	return m
}

// encodeValue writes the declaration of an input or output.
func encodeValue(name string, kind element, dims []dimension) message {
	var shape message
	for _, d := range dims {
		var dim message
		if d.name != "" {
			dim.text(dimName, d.name)
		} else {
			dim.number(dimValue, d.size)
		}
		shape.bytes(shapeDim, dim)
	}
	var tensor, kindOf, value message
	tensor.number(tensorTypeElement, int64(kind))
	tensor.bytes(tensorTypeShape, shape)
	kindOf.bytes(typeTensor, tensor)
	value.text(valueName, name)
	value.bytes(valueType, kindOf)
	return value
}

// dimension is the size of a tensor along one axis, or a name for one that each batch chooses.
type dimension struct {
	name string
	size int64
}

func (d dimension) String() string {
	if d.size == 0 {
		return cmp.Or(d.name, "?")
	}
	return fmt.Sprint(d.size)
}

// encodeModel writes a file around a graph.
func encodeModel(graph message) []byte {
	var operators, m message
	operators.number(operatorsVersion, operatorVersion)
	m.number(modelIRVersion, irVersion)
	m.text(modelProducer, "crossrank")
	m.bytes(modelGraph, graph)
	m.bytes(modelOperators, operators)
	return m
}

func rawInts(values []int64) []byte {
	var raw []byte
	for _, v := range values {
		raw = binary.LittleEndian.AppendUint64(raw, uint64(v))
	}
	return raw
}

func rawFloats(values []float32) []byte {
	var raw []byte
	for _, v := range values {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(v))
	}
	return raw
}
