// Package bert is the forward pass of a BERT cross-encoder: the encoder of Devlin et al. (2018) and the classification head
// of Hugging Face's BertForSequenceClassification, on packed tokens.
//
// There is no padding: the tokens of several sequences stand one after another, linear layers run over all of them at once
// and attention over each sequence alone. Of the last layer only each sequence's first token ([CLS]) is read by the head,
// so only its query, attention output and feed-forward are computed there: the same result for 14 % less work with six
// layers.
//
// Package kernel makes each row's bits independent of the rows around it, so a sequence's logit is the same alone and in any
// batch, on the same tier.
package bert

import (
	"fmt"
	"math"
	"slices"

	"github.com/crossrank/crossrank/internal/checkpoint"
	"github.com/crossrank/crossrank/internal/kernel"
)

// Model holds weights as the kernels want them. It is read-only once made and safe for concurrent use, each caller with a
// [Scratch] of its own.
type Model struct {
	kernels *kernel.Set
	pack    func(weight, bias []float32, in, out int) *kernel.Panels // kernel.Pack or kernel.Pack8
	config  checkpoint.Config
	act     kernel.Act
	heads   kernel.Heads

	// Strides of rows: all widths are padded to a multiple of kernel.Width. attention is that of all heads side by side,
	// each padded by itself.
	hidden, attention, intermediate int

	words  words
	places []float32 // 2 × Positions × hidden: position embedding plus the embedding of type 0 or 1
	norm   norm
	layers []layer
	query  *kernel.Panels // parts of the last layer's qkv: of [CLS] rows only
	keys   *kernel.Panels // keys and values, of all rows
	pooler *kernel.Panels

	// The classifier's row; with two labels the difference of its rows.
	classifier     []float32
	classifierBias float32
}

type layer struct {
	qkv           *kernel.Panels // queries, keys and values side by side
	attention     *kernel.Panels
	attentionNorm norm
	up, down      *kernel.Panels
	norm          norm
}

type norm struct{ gain, bias []float32 }

// Precision says what the large weights are held and multiplied in.
type Precision string

const (
	FP32 Precision = "fp32" // float32 throughout
	INT8 Precision = "int8" // linear layers and word embeddings in 8 bits or fewer, see kernel.Pack8; all else float32
)

// Precisions lists what New takes.
var Precisions = []Precision{FP32, INT8}

// New packs a checkpoint's weights for a set of kernels. With FP32 the word embeddings are shared with the checkpoint where
// their width needs no padding; all else is copied.
func New(m *checkpoint.Model, kernels *kernel.Set, precision Precision) (*Model, error) {
	if !slices.Contains(Precisions, precision) {
		return nil, fmt.Errorf("no engine for the precision %q; there are %v", precision, Precisions)
	}
	c := m.Config
	act, ok := map[checkpoint.HiddenAct]kernel.Act{
		checkpoint.GELU: kernel.GELU, checkpoint.GELUTanh: kernel.GELUTanh, checkpoint.ReLU: kernel.ReLU,
	}[c.HiddenAct]
	if !ok {
		return nil, fmt.Errorf("no kernel for the activation %q", c.HiddenAct)
	}
	size := c.Hidden / c.Heads
	b := &Model{
		kernels: kernels, config: c, act: act,
		heads:        kernel.Heads{Count: c.Heads, Size: kernel.Pad(size), Scale: float32(1 / math.Sqrt(float64(size)))},
		hidden:       kernel.Pad(c.Hidden),
		attention:    c.Heads * kernel.Pad(size),
		intermediate: kernel.Pad(c.Intermediate),
	}
	b.pack, b.words = kernel.Pack, packWords(m.Weights.WordEmbeddings, c.Hidden, precision)
	if precision == INT8 {
		b.pack = kernel.Pack8
	}
	b.places = places(m.Weights, c)
	b.norm = padNorm(m.Weights.EmbeddingNorm)
	for _, l := range m.Weights.Layers {
		b.layers = append(b.layers, b.packLayer(l))
	}
	last := b.layers[len(b.layers)-1].qkv
	b.query, b.keys = last.Columns(0, b.attention), last.Columns(b.attention, 3*b.attention)
	b.pooler = kernel.Pack(m.Weights.Pooler.Weight, m.Weights.Pooler.Bias, c.Hidden, c.Hidden)
	b.classifier, b.classifierBias = fold(m.Weights.Classifier)
	return b, nil
}

func (m *Model) packLayer(l checkpoint.Layer) layer {
	return layer{
		qkv:           m.packHeads(l.Query, l.Key, l.Value),
		attention:     m.packMerge(l.AttentionOutput),
		attentionNorm: padNorm(l.AttentionNorm),
		up:            m.packLinear(l.Intermediate),
		down:          m.packLinear(l.Output),
		norm:          padNorm(l.OutputNorm),
	}
}

// packHeads packs projections side by side, each head's outputs padded with zeros.
func (m *Model) packHeads(projections ...checkpoint.Linear) *kernel.Panels {
	in, size := m.config.Hidden, m.config.Hidden/m.config.Heads
	weight := make([]float32, len(projections)*m.attention*in)
	bias := make([]float32, len(projections)*m.attention)
	for i, p := range projections {
		for h := range m.config.Heads {
			to := i*m.attention + h*m.heads.Size
			copy(weight[to*in:], p.Weight[h*size*in:(h+1)*size*in])
			copy(bias[to:], p.Bias[h*size:(h+1)*size])
		}
	}
	return m.pack(weight, bias, in, len(bias))
}

// packMerge packs the projection that reads the heads' outputs, its inputs padded as packHeads pads outputs.
func (m *Model) packMerge(p checkpoint.Linear) *kernel.Panels {
	size := m.config.Hidden / m.config.Heads
	weight := make([]float32, p.Out*m.attention)
	for o := range p.Out {
		for h := range m.config.Heads {
			copy(weight[o*m.attention+h*m.heads.Size:], p.Weight[o*p.In+h*size:o*p.In+(h+1)*size])
		}
	}
	return m.pack(weight, p.Bias, m.attention, p.Out)
}

func (m *Model) packLinear(p checkpoint.Linear) *kernel.Panels {
	return m.pack(p.Weight, p.Bias, p.In, p.Out)
}

func padNorm(n checkpoint.Norm) norm {
	return norm{padRows(n.Weight, len(n.Weight)), padRows(n.Bias, len(n.Bias))}
}

// padRows widens rows of the given width to a multiple of kernel.Width; rows that need no widening are not copied.
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

// places adds each position's embedding to that of each of the two types, which are always looked up together.
func places(w checkpoint.Weights, c checkpoint.Config) []float32 {
	sum := make([]float32, 0, 2*len(w.PositionEmbeddings))
	for kind := range 2 {
		row := w.TypeEmbeddings[kind*c.Hidden : (kind+1)*c.Hidden]
		for i, v := range w.PositionEmbeddings {
			sum = append(sum, v+row[i%c.Hidden])
		}
	}
	return padRows(sum, c.Hidden)
}

// fold makes one row of the classifier: its own, or with two labels the second less the first, whose sigmoid is the
// softmax's share of the second.
func fold(p checkpoint.Linear) (row []float32, bias float32) {
	last := p.Out - 1
	row = append(row, p.Weight[last*p.In:]...)
	bias = p.Bias[last]
	if p.Out == 2 {
		for i, v := range p.Weight[:p.In] {
			row[i] -= v
		}
		bias -= p.Bias[0]
	}
	return row, bias
}
