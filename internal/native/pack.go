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
func (m *model) packLinear(weight, bias []float32, in, out, quantMax int) *kernel.Panels {
	switch {
	case m.precision == BF16Dot:
		return m.packer.PackDot(weight, bias, in, out)
	case m.precision != INT8:
		return m.packFloat(weight, bias, in, out)
	case m.kernels.FullRange8() && in <= kernel.MaxFull8:
		return m.packer.Pack8Full(weight, bias, in, out)
	}
	return m.packer.Pack8(weight, bias, in, out, quantMax)
}

// packFloat packs a linear layer in 16 bits or in float32, for activations in float32.
func (m *model) packFloat(weight, bias []float32, in, out int) *kernel.Panels {
	if m.format != "" {
		return m.packer.PackHalf(weight, bias, in, out, m.format)
	}
	return m.packer.Pack(weight, bias, in, out)
}

// packAfterAttention packs what of a block follows attention.
func (m *model) packAfterAttention(l *layer, b *network.Block) {
	l.outProj = m.packOutput(b.AttentionOutput)
	l.attentionNorm = padNorm(b.AttentionNorm)
	downQuantMax := positiveQuantMax
	if b.Gate != nil {
		l.gateProj = m.packLinear(b.Gate.Weight, biasOf(b.Gate), b.Gate.In, b.Gate.Out, evenQuantMax)
		downQuantMax = gatedQuantMax
	}
	l.upProj = m.packLinear(b.Up.Weight, biasOf(&b.Up), b.Up.In, b.Up.Out, evenQuantMax)
	l.downProj = m.packLinear(b.Down.Weight, biasOf(&b.Down), b.Down.In, b.Down.Out, downQuantMax)
	l.feedForwardNorm = padNorm(b.FeedForwardNorm)
}

// packQueriesKeys packs projections of queries and keys side by side. Their product is an
// exponent: an error of a few percent of a product of 5 would be one of some tens of percent of its
// power. So with INT8 they have 16 bits.
func (m *model) packQueriesKeys(l *layer, projections ...network.Linear) *kernel.Panels {
	weight, bias := m.padHeads(l.order(), projections...)
	switch {
	case m.precision == BF16Dot:
		return m.packer.PackDot(weight, bias, m.width, len(bias))
	case m.precision != INT8:
		return m.packFloat(weight, bias, m.width, len(bias))
	case m.kernels.Planes16():
		return m.packer.Pack16Planes(weight, bias, m.width, len(bias))
	}
	return m.packer.Pack16(weight, bias, m.width, len(bias))
}

func (m *model) packValues(value network.Linear) *kernel.Panels {
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

// padHeads puts projections side by side, each head's outputs in the given order and padded with
// zeros.
func (m *model) padHeads(order []int, projections ...network.Linear) (weight, bias []float32) {
	in, size, rows := m.width, m.headSize, 0
	for _, p := range projections {
		rows += p.Out / size * m.heads.Size
	}
	weight, bias = make([]float32, rows*in), make([]float32, rows)
	first := 0
	for _, p := range projections {
		biases := biasOf(&p)
		for from := range p.Out {
			to := first + from/size*m.heads.Size + placeOf(order, from%size)
			copy(weight[to*in:(to+1)*in], p.Weight[from*in:])
			bias[to] = biases[from]
		}
		first += p.Out / size * m.heads.Size
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

// packOutput packs the projection of the heads' outputs, its inputs padded as padHeads pads
// outputs.
func (m *model) packOutput(p network.Linear) *kernel.Panels {
	size := m.headSize
	weight := make([]float32, p.Out*m.attention)
	for o := range p.Out {
		for h := range m.heads.Count {
			copy(weight[o*m.attention+h*m.heads.Size:], p.Weight[o*p.In+h*size:o*p.In+(h+1)*size])
		}
	}
	return m.packLinear(weight, biasOf(&p), m.attention, p.Out, evenQuantMax)
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
