package native

import (
	"math"

	"github.com/crossrank/crossrank/internal/kernel"
	"github.com/crossrank/crossrank/internal/network"
)

// head turns the row that it reads of a sequence into a logit: a dense layer, an activation, a norm
// and the classifier, of which only the classifier need be there.
type head struct {
	dense *kernel.Panels // nil: none
	width int            // of what follows the dense layer
	ld    int            // width, padded
	act   func(float64) float64
	norm  norm // none if it has no gain

	classifier []float32 // see foldClassifier
	bias       float32
}

// headActivations are computed in float64: one row a sequence is little work.
var headActivations = map[network.Activation]func(float64) float64{
	network.NoActivation: func(x float64) float64 { return x },
	network.GELU:         func(x float64) float64 { return x * 0.5 * math.Erfc(-x/math.Sqrt2) },
	network.GELUTanh: func(x float64) float64 {
		return 0.5 * x * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(x+0.044715*x*x*x)))
	},
	network.ReLU: func(x float64) float64 { return max(x, 0) },
	network.SiLU: func(x float64) float64 { return x / (1 + math.Exp(-x)) },
	network.Tanh: math.Tanh,
}

func (m *model) packHead(n *network.Head) {
	h := &m.head
	if n.Dense != nil {
		h.dense = m.packer.Pack(n.Dense, biasOf(n.Dense), n.Dense.In, n.Dense.Out)
	}
	h.width = n.Output.In
	h.act = headActivations[n.Activation]
	h.norm = padNorm(n.Norm)
	h.classifier, h.bias = foldClassifier(n.Output)
}

// foldClassifier makes one row of the classifier: its own, or with two labels the second less the
// first, whose sigmoid is the softmax of the two.
func foldClassifier(p network.Linear) (row []float32, bias float32) {
	last, biases := p.Out-1, biasOf(&p)
	row = append(row, p.Weight[last*p.In:]...)
	bias = biases[last]
	if p.Out == 2 {
		for i, v := range p.Weight[:p.In] {
			row[i] -= v
		}
		bias -= biases[0]
	}
	return row, bias
}

// classify computes the logits of rows that the head reads, one per sequence. It may change the
// rows.
func (m *model) classify(w *workspace, read, logits []float32) {
	h := &m.head
	for low := 0; low < len(logits); low += chunkRows {
		n := min(chunkRows, len(logits)-low)
		rows := read[low*m.hidden:]
		if h.dense != nil {
			m.kernels.MatMul(w.out, h.ld, rows, m.hidden, n, h.dense, kernel.None, nil)
			rows = w.out
		}
		for i := range n {
			logits[low+i] = m.logit(rows[i*h.ld : (i+1)*h.ld])
		}
	}
}

// logit computes what follows the dense layer, for one row.
func (m *model) logit(row []float32) float32 {
	h := &m.head
	sum := float64(h.bias)
	if h.norm.gain == nil {
		for j, v := range row[:h.width] {
			sum += h.act(float64(v)) * float64(h.classifier[j])
		}
		return float32(sum)
	}
	for j, v := range row[:h.width] {
		row[j] = float32(h.act(float64(v)))
	}
	m.normRow(row, row, &h.norm)
	for j, v := range row[:h.width] {
		sum += float64(v) * float64(h.classifier[j])
	}
	return float32(sum)
}
