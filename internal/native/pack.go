package native

import (
	"github.com/crossrank/crossrank/internal/kernel"
	"github.com/crossrank/crossrank/internal/network"
)

// With INT8 on tiers that add products in 16 bits, the larger the activations' quantized values may
// be, the smaller the weights' must be. The error is least where both have steps alike. Activations
// around zero need values for both signs; those after GELU and ReLU are hardly ever negative. A
// gated product has both signs and a wide range, so that its own steps matter more.
const (
	evenQuantMax     = 150
	positiveQuantMax = 105
	gatedQuantMax    = 175
)

// packLinear packs a linear layer in the model's precision; quantMax is for its input, if that is
// INT8.
func (m *model) packLinear(weight kernel.Weights, bias []float32, in, out, quantMax int) *kernel.Panels {
	switch {
	case m.precision == BF16Dot:
		return m.packer.PackDot(weight, bias, in, out)
	case m.precision != INT8:
		return m.packFloat(weight, bias, in, out)
	case m.fullRange8(in):
		return m.packer.Pack8Full(weight, bias, in, out)
	}
	return m.packer.Pack8(weight, bias, in, out, quantMax)
}

// fullRange8 reports whether products of so many inputs use all 8 bits of both operands.
func (m *model) fullRange8(in int) bool { return m.kernels.FullRange8() && in <= kernel.MaxFull8 }

// packFloat packs a linear layer in 16 bits or in float32, for activations in float32.
func (m *model) packFloat(weight kernel.Weights, bias []float32, in, out int) *kernel.Panels {
	if m.format != "" {
		return m.packer.PackHalf(weight, bias, in, out, m.format)
	}
	return m.packer.Pack(weight, bias, in, out)
}

// packAfterAttention packs the norms of a block, and returns what packs the linear layers that
// follow attention.
func (m *model) packAfterAttention(l *layer, b *network.Block) []func() {
	l.attentionNorm, l.feedForwardNorm = padNorm(b.AttentionNorm), padNorm(b.FeedForwardNorm)
	jobs := []func(){func() { l.outProj = m.packOutput(&b.AttentionOutput) }}
	pack := func(to **kernel.Panels, p *network.Linear, quantMax int) {
		jobs = append(jobs, func() { *to = m.packLinear(p, biasOf(p), p.In, p.Out, quantMax) })
	}
	downQuantMax := positiveQuantMax
	if b.Gate != nil {
		pack(&l.gateProj, b.Gate, evenQuantMax)
		downQuantMax = gatedQuantMax
	}
	pack(&l.upProj, &b.Up, evenQuantMax)
	pack(&l.downProj, &b.Down, downQuantMax)
	return jobs
}

// packQueriesKeys packs projections of queries and keys side by side. Their product is an
// exponent: an error of a few percent of a product of 5 would be one of some tens of percent of its
// power. So with INT8 they have 16 bits; in a decoder, whose memory counts, only what is multiplied
// with them has, and they have 8.
func (m *model) packQueriesKeys(l *layer, projections ...*network.Linear) *kernel.Panels {
	weight, bias := m.padHeads(l.order(), projections...)
	switch {
	case m.precision == BF16Dot:
		return m.packer.PackDot(weight, bias, m.width, len(bias))
	case m.precision != INT8:
		return m.packFloat(weight, bias, m.width, len(bias))
	case m.causal && m.fullRange8(m.width):
		return m.packer.Pack8WideFull(weight, bias, m.width, len(bias))
	case m.causal:
		return m.packer.Pack8Wide(weight, bias, m.width, len(bias))
	case m.kernels.Planes16():
		return m.packer.Pack16Planes(weight, bias, m.width, len(bias))
	}
	return m.packer.Pack16(weight, bias, m.width, len(bias))
}

func (m *model) packValues(value *network.Linear) *kernel.Panels {
	weight, bias := m.padHeads(nil, value)
	return m.packLinear(weight, bias, value.In, len(bias), evenQuantMax)
}

// order is that of the elements of query and key heads; nil: their stored order.
func (l *layer) order() []int {
	if l.rotary == nil {
		return nil
	}
	return l.rotary.order
}

// paddedHeads are projections side by side, with rows of zeros between.
type paddedHeads struct {
	in   int
	rows []outputOf
}

// outputOf is an output of a projection; of none: zeros.
type outputOf struct {
	projection *network.Linear
	number     int
}

// Rows implements [kernel.Weights].
func (p paddedHeads) Rows(low, high int, buffer []float32) []float32 {
	for i, r := range p.rows[low:high] {
		row := buffer[i*p.in : (i+1)*p.in]
		if r.projection == nil {
			clear(row)
			continue
		}
		copy(row, r.projection.Rows(r.number, r.number+1, row))
	}
	return buffer
}

// padHeads puts projections side by side, each head's outputs in the given order and padded with
// zeros.
func (m *model) padHeads(order []int, projections ...*network.Linear) (weight paddedHeads, bias []float32) {
	weight.in = m.width
	for _, p := range projections {
		first, biases := len(bias), biasOf(p)
		outputs := p.Out / m.headSize * m.heads.Size
		bias = append(bias, make([]float32, outputs)...)
		weight.rows = append(weight.rows, make([]outputOf, outputs)...)
		for from := range p.Out {
			to := first + from/m.headSize*m.heads.Size + placeOf(order, from%m.headSize)
			weight.rows[to], bias[to] = outputOf{p, from}, biases[from]
		}
	}
	return weight, bias
}

// placeOf is where element d of a head stands in an order; nil: in its stored order.
func placeOf(order []int, d int) int {
	if order == nil {
		return d
	}
	return order[d]
}

// padHeadNorm widens a norm over the elements of a head, in the given order. It has no bias if it
// is a root mean square norm.
func (m *model) padHeadNorm(order []int, n *network.Norm) norm {
	if n == nil {
		return norm{}
	}
	p := norm{n.RMS, len(n.Weight), make([]float32, m.heads.Size), make([]float32, m.heads.Size), n.Eps}
	for d, v := range n.Weight {
		p.gain[placeOf(order, d)] = v
		if n.Bias != nil {
			p.bias[placeOf(order, d)] = n.Bias[d]
		}
	}
	return p
}

// paddedInputs is a projection of heads, with inputs of zeros after those of each head.
type paddedInputs struct {
	projection   *network.Linear
	size, padded int       // of a head
	row          []float32 // a buffer
}

// Rows implements [kernel.Weights].
func (p paddedInputs) Rows(low, high int, buffer []float32) []float32 {
	heads := p.projection.In / p.size
	buffer = buffer[:(high-low)*heads*p.padded]
	clear(buffer)
	for o := low; o < high; o++ {
		row := p.projection.Rows(o, o+1, p.row)
		for h := range heads {
			copy(buffer[((o-low)*heads+h)*p.padded:], row[h*p.size:(h+1)*p.size])
		}
	}
	return buffer
}

// packOutput packs the projection of the heads' outputs, its inputs padded as padHeads pads
// outputs.
func (m *model) packOutput(p *network.Linear) *kernel.Panels {
	weight := kernel.Weights(p)
	if m.headSize != m.heads.Size {
		weight = paddedInputs{p, m.headSize, m.heads.Size, make([]float32, p.In)}
	}
	return m.packLinear(weight, biasOf(p), m.attention, p.Out, evenQuantMax)
}

// biasOf returns a layer's bias, which is zeros if it has none.
func biasOf(p *network.Linear) []float32 {
	if p.Bias == nil {
		return make([]float32, p.Out)
	}
	return p.Bias
}

// padNorm widens a norm; without one it returns none.
func padNorm(n *network.Norm) norm {
	if n == nil {
		return norm{}
	}
	width := len(n.Weight)
	bias := n.Bias
	if bias == nil {
		bias = make([]float32, width)
	}
	return norm{n.RMS, width, padRows(n.Weight, width), padRows(bias, width), n.Eps}
}

// padRows widens rows of the given width to a multiple of kernel.Width; rows that need no widening
// are not copied.
func padRows(x []float32, width int) []float32 {
	padded := kernel.Pad(width)
	if padded == width {
		return x
	}
	out := make([]float32, len(x)/width*padded)
	for r := range len(x) / width {
		copy(out[r*padded:], x[r*width:(r+1)*width])
	}
	return out
}
