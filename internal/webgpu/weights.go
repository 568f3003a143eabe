package webgpu

import (
	"fmt"
	"math"

	"github.com/crossrank/crossrank/internal/half"
	"github.com/crossrank/crossrank/internal/network"
)

// tensor is a tensor as shaders read it: its numbers in the type of the device, rows padded with
// zeros to a multiple of four. The host keeps it, to open a lost device anew.
type tensor struct {
	role string
	data []byte
}

// pad is the next multiple of four: shaders read four elements at a time.
func pad(n int) int { return (n + 3) &^ 3 }

// packer converts tensors. It keeps the first error.
type packer struct {
	f16 bool
	err error
}

// stored converts numbers into the type of products. A number that is finite as float32 and not as
// float16 is an error: it would change scores without a word.
func (p *packer) stored(role string, x []float32) *tensor {
	if !p.f16 {
		return floats(role, x)
	}
	if i := half.F16.Overflow(x); i >= 0 && p.err == nil {
		p.err = fmt.Errorf("%s has the value %g, which 16-bit floating point does not reach; use fp32", role, x[i])
	}
	bits := make([]uint16, len(x)+len(x)&1)
	half.F16.Narrow(bits[:len(x)], x)
	return &tensor{role, bytesOf(bits)}
}

// floats keeps numbers as float32.
func floats(role string, x []float32) *tensor { return &tensor{role, bytesOf(x)} }

func words(role string, x []uint32) *tensor { return &tensor{role, bytesOf(x)} }

// groups says how the elements of one side of a linear layer are padded: count groups of size
// elements become groups of padded elements.
type groups struct{ count, size int }

func (g groups) padded() int { return g.count * pad(g.size) }

// at is where an element is after padding.
func (g groups) at(i int) int { return i/g.size*pad(g.size) + i%g.size }

// linear pads and joins linear layers that read the same input: their outputs stand one after
// another. The bias is nil if none has one.
func (p *packer) linear(role string, in, out groups, layers ...*network.Linear) (weight, bias *tensor) {
	width, rows := in.padded(), 0
	for _, l := range layers {
		rows += groups{l.Out / out.size, out.size}.padded()
	}
	w, b, any := make([]float32, rows*width), make([]float32, rows), false
	buffer := make([]float32, layers[0].In)
	first := 0
	for _, l := range layers {
		g := groups{l.Out / out.size, out.size}
		for o := range l.Out {
			row := w[(first+g.at(o))*width:]
			for i, v := range l.Rows(o, o+1, buffer) {
				row[in.at(i)] = v
			}
			if l.Bias != nil {
				b[first+g.at(o)], any = l.Bias[o], true
			}
		}
		first += g.padded()
	}
	weight = p.stored(role+".weight", w)
	if any {
		bias = floats(role+".bias", b)
	}
	return weight, bias
}

// norm is a norm's tensors and settings; nil: none.
type norm struct {
	rms        bool
	width      int
	eps        float32
	gain, bias *tensor // bias may be nil
}

func newNorm(role string, n *network.Norm) *norm {
	if n == nil {
		return nil
	}
	packed := &norm{rms: n.RMS, width: len(n.Weight), eps: n.Eps, gain: floats(role+".weight", padRow(n.Weight))}
	if n.Bias != nil {
		packed.bias = floats(role+".bias", padRow(n.Bias))
	}
	return packed
}

func padRow(x []float32) []float32 {
	if len(x)%4 == 0 {
		return x
	}
	return append(append([]float32(nil), x...), make([]float32, pad(len(x))-len(x))...)
}

// padRows pads the rows of a table.
func padRows(data []float32, width int) []float32 {
	if width%4 == 0 {
		return data
	}
	out := make([]float32, len(data)/width*pad(width))
	for r := range len(data) / width {
		copy(out[r*pad(width):], data[r*width:(r+1)*width])
	}
	return out
}

// normRow is a norm of one row on the host, in float64.
func normRow(x []float32, n *network.Norm) []float32 {
	var mean, square float64
	if !n.RMS {
		for _, v := range x {
			mean += float64(v) / float64(len(x))
		}
	}
	for _, v := range x {
		square += (float64(v) - mean) * (float64(v) - mean) / float64(len(x))
	}
	out := make([]float32, len(x))
	for i, v := range x {
		y := (float64(v) - mean) / math.Sqrt(square+float64(n.Eps)) * float64(n.Weight[i])
		if n.Bias != nil {
			y += float64(n.Bias[i])
		}
		out[i] = float32(y)
	}
	return out
}
