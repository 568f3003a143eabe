package onnx

import (
	"encoding/binary"
	"fmt"
	"math"
	"unsafe"

	"github.com/crossrank/crossrank/internal/half"
	"github.com/crossrank/crossrank/internal/network"
)

// tensor is numbers in the program's memory as the library reads them.
type tensor struct {
	kind  element
	dims  []int64
	bytes []byte // views of the slice of numbers that it was made from
}

// tensorOf is a tensor on the memory of a slice.
func tensorOf[T any](kind element, values []T, dims ...int64) *tensor {
	var one T
	t := &tensor{kind: kind, dims: dims}
	if len(values) > 0 {
		t.bytes = unsafe.Slice((*byte)(unsafe.Pointer(&values[0])), len(values)*int(unsafe.Sizeof(one)))
	}
	return t
}

// float is the element at a place in memory.
func (t *tensor) float(at int) float32 {
	if t.kind == float32s {
		return math.Float32frombits(binary.NativeEndian.Uint32(t.bytes[4*at:]))
	}
	var wide [1]float32
	half.F16.Widen(wide[:], []uint16{binary.NativeEndian.Uint16(t.bytes[2*at:])})
	return wide[0]
}

// weights are the tensors of a network, by role. Those of a linear layer's weights have a row for
// each input, so that the tokens' rows are multiplied from the left.
type weights struct {
	precision Precision
	tensors   map[string]*tensor
	err       error // the first number that the precision cannot hold
}

// float is the type of elements outside of int8 products.
func (p Precision) float() element {
	if p == FP16 {
		return float16s
	}
	return float32s
}

// floats stores numbers in the type that activations have. They must not change afterwards.
func (w *weights) floats(role string, values []float32, dims ...int64) {
	if w.precision == FP16 {
		if i := half.F16.Overflow(values); i >= 0 && w.err == nil {
			w.err = fmt.Errorf("%s holds %g, which exceeds fp16; use fp32", role, values[i])
		}
		bits := make([]uint16, len(values))
		half.F16.Narrow(bits, values)
		w.tensors[role] = tensorOf(float16s, bits, dims...)
		return
	}
	w.tensors[role] = tensorOf(float32s, values, dims...)
}

// table stores rows that are looked up, in the type that they are held in.
func (w *weights) table(role string, t *network.Table) {
	dims := []int64{int64(t.Rows), int64(t.Width)}
	switch t.Format {
	case half.F16:
		w.tensors[role] = tensorOf(float16s, t.Bits, dims...)
	case half.BF16:
		w.tensors[role] = tensorOf(bfloat16s, t.Bits, dims...)
	default:
		w.floats(role, t.Data, dims...)
	}
}

// linear stores the weights of a linear layer, and with int8 a scale for each output.
func (w *weights) linear(role string, l *network.Linear, precision Precision) {
	if l == nil {
		return
	}
	dims := []int64{int64(l.In), int64(l.Out)}
	if precision == INT8 {
		columns, scales := quantize(l)
		w.tensors[role] = tensorOf(int8s, columns, dims...)
		w.tensors[role+scaleSuffix] = tensorOf(float32s, scales, int64(l.Out))
		return
	}
	w.floats(role, transposed(l), dims...)
}

// vector stores a bias or the like; nil is none.
func (w *weights) vector(role string, values []float32) {
	if values != nil {
		w.floats(role, values, int64(len(values)))
	}
}

const scaleSuffix = ".scale"

// tile is how many rows and columns are transposed together, so that both sides stay in the cache.
const tile = 32

// transposed is a layer's weights with a row for each input.
func transposed(l *network.Linear) []float32 {
	t, buffer := make([]float32, l.In*l.Out), make([]float32, tile*l.In)
	for row := 0; row < l.Out; row += tile {
		high := min(row+tile, l.Out)
		rows := l.Rows(row, high, buffer)
		for column := 0; column < l.In; column += tile {
			for r := row; r < high; r++ {
				for c := column; c < min(column+tile, l.In); c++ {
					t[c*l.Out+r] = rows[(r-row)*l.In+c]
				}
			}
		}
	}
	return t
}

// quantize rounds a layer's weights to 8 bits, with a scale for each output, and gives them a row
// for each input.
func quantize(l *network.Linear) (columns []int8, scales []float32) {
	columns, scales = make([]int8, l.In*l.Out), make([]float32, l.Out)
	buffer := make([]float32, l.In)
	for r := range l.Out {
		row := l.Rows(r, r+1, buffer)
		top := float32(0)
		for _, v := range row {
			top = max(top, float32(math.Abs(float64(v))))
		}
		if top == 0 {
			continue // all are 0
		}
		scales[r] = top / math.MaxInt8
		for c, v := range row {
			columns[c*l.Out+r] = int8(math.RoundToEven(float64(v / scales[r])))
		}
	}
	return columns, scales
}
