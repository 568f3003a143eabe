package onnx

import (
	"fmt"
	"slices"
)

// graph is an ONNX graph that is being written. Names of tensors are strings; the name of an
// operation's result is made here.
type graph struct {
	nodes, initializers []message
	inputs              []message
	constants           map[string]string // by what they hold
	declared            map[string]bool   // inputs and weights
	inputNames          []string
	weights             []string // declared weights
	outputs             int
	shared              map[string]string // results that several operations read, by what they are
}

func newGraph() *graph {
	return &graph{constants: map[string]string{}, declared: map[string]bool{}, shared: map[string]string{}}
}

// op adds an operation and returns the name of its result.
func (g *graph) op(kind string, inputs []string, attributes ...attribute) string {
	name := fmt.Sprintf("%s_%d", kind, g.outputs)
	g.outputs++
	g.nodes = append(g.nodes, encodeNode(kind, name, inputs, attributes))
	return name
}

// once adds operations only the first time that it is asked for their result.
func (g *graph) once(key string, build func() string) string {
	if name, ok := g.shared[key]; ok {
		return name
	}
	name := build()
	g.shared[key] = name
	return name
}

// ints is a constant vector.
func (g *graph) ints(values ...int64) string {
	return g.constant(fmt.Sprint("ints", values), int64s, []int64{int64(len(values))}, rawInts(values))
}

// scalar is a constant number, as an element of the type.
func (g *graph) scalar(kind element, value float32) string {
	name := g.constant(fmt.Sprint("float ", value), float32s, nil, rawFloats([]float32{value}))
	return g.cast(name, float32s, kind)
}

// integer is a constant integer.
func (g *graph) integer(value int64) string {
	return g.constant(fmt.Sprint("int ", value), int64s, nil, rawInts([]int64{value}))
}

func (g *graph) constant(key string, kind element, dims []int64, raw []byte) string {
	if name, ok := g.constants[key]; ok {
		return name
	}
	name := fmt.Sprintf("constant_%d", len(g.constants))
	g.constants[key] = name
	g.initializers = append(g.initializers, encodeConstant(name, kind, dims, raw))
	return name
}

// input declares an input, once, and returns its name.
func (g *graph) input(name string, kind element, dims ...dimension) string {
	if !g.declared[name] {
		g.declared[name] = true
		g.inputNames = append(g.inputNames, name)
		g.inputs = append(g.inputs, encodeValue(name, kind, dims))
	}
	return name
}

// weight declares a tensor whose numbers the library gets apart, once, and returns its name.
func (g *graph) weight(name string, t *tensor) string {
	if !g.declared[name] {
		g.declared[name] = true
		g.weights = append(g.weights, name)
		g.initializers = append(g.initializers, encodeWeight(name, t.kind, t.dims))
	}
	return name
}

// cast converts from one type of elements to another.
func (g *graph) cast(x string, from, to element) string {
	if from == to {
		return x
	}
	return g.once(fmt.Sprint("cast ", x, to), func() string {
		return g.op("Cast", []string{x}, intAttribute("to", int64(to)))
	})
}

func (g *graph) reshape(x string, dims ...int64) string {
	return g.op("Reshape", []string{x, g.ints(dims...)})
}

func (g *graph) transpose(x string, axes ...int64) string {
	return g.op("Transpose", []string{x}, intsAttribute("perm", axes...))
}

func (g *graph) unsqueeze(x string, axes ...int64) string {
	return g.op("Unsqueeze", []string{x, g.ints(axes...)})
}

func (g *graph) gather(table, indices string, axis int64) string {
	return g.op("Gather", []string{table, indices}, intAttribute("axis", axis))
}

// slice is the elements from low to high of the last axis.
func (g *graph) slice(x string, low, high int) string {
	return g.op("Slice", []string{x, g.ints(int64(low)), g.ints(int64(high)), g.ints(-1)})
}

// encode writes the file. The result is its only output.
func (g *graph) encode(result string, kind element, dims ...dimension) []byte {
	output := encodeNode("Identity", outputName, []string{result}, nil)
	var m message
	for _, node := range slices.Concat(g.nodes, []message{output}) {
		m.bytes(graphNode, node)
	}
	m.text(graphName, "crossrank")
	for _, t := range g.initializers {
		m.bytes(graphInitializer, t)
	}
	for _, in := range g.inputs {
		m.bytes(graphInput, in)
	}
	m.bytes(graphOutput, encodeValue(outputName, kind, dims))
	return encodeModel(m)
}
