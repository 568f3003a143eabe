package native

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/crossrank/crossrank/internal/checkpoint"
	"github.com/crossrank/crossrank/internal/kernel"
)

// model holds weights as the kernels want them. It is read-only once made and safe for concurrent use, each caller with a
// [scratch] of its own.
type model struct {
	kernels   *kernel.Set
	precision Precision
	config    checkpoint.Config
	act       kernel.Act
	heads     kernel.Heads

	// Strides of rows: all widths are padded to a multiple of kernel.Width. attention is that of all heads side by side,
	// each padded by itself.
	hidden, attention, intermediate int

	words  words
	places []float32     // 2 × Positions × hidden: position embedding plus the embedding of type 0 or 1
	packer kernel.Packer // holds the memory of all panels
	norm   norm
	layers []layer // of the last, only what follows attention
	last   lastAttention
	pooler *kernel.Panels

	// The classifier's row; with two labels the difference of its rows.
	classifier     []float32
	classifierBias float32
}

type layer struct {
	scores        *kernel.Panels // queries and keys, side by side
	values        *kernel.Panels
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
	INT8 Precision = "int8" // linear layers in 8 bits but for queries and keys, which have 16, and word embeddings in 8; all else float32
)

// Precisions lists those that [New] takes; the first is the default.
var Precisions = []Precision{FP32, INT8}

// New packs a checkpoint's weights for a set of kernels. With FP32 the word embeddings are shared with the checkpoint where
// their width needs no padding; all else is copied.
func pack(m *checkpoint.Model, kernels *kernel.Set, precision Precision) (*model, error) {
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
	b := &model{
		kernels: kernels, precision: precision, config: c, act: act,
		heads:        kernel.Heads{Count: c.Heads, Size: kernel.Pad(size), Scale: float32(1 / math.Sqrt(float64(size)))},
		hidden:       kernel.Pad(c.Hidden),
		attention:    c.Heads * kernel.Pad(size),
		intermediate: kernel.Pad(c.Intermediate),
	}
	b.packAll(&m.Weights)
	return b, nil
}

// packAll packs everything, on all cores: the embeddings, which take longest, first.
func (m *model) packAll(w *checkpoint.Weights) {
	c, final := m.config, len(w.Layers)-1
	m.layers = make([]layer, len(w.Layers))
	jobs := []func(){
		func() { m.words = packWords(w.WordEmbeddings, c.Hidden, m.precision) },
		func() { m.places, m.norm = places(*w, c), padNorm(w.EmbeddingNorm) },
		func() { m.last = m.packLast(w.Layers[final]) },
		func() {
			m.pooler = m.packer.Pack(w.Pooler.Weight, w.Pooler.Bias, c.Hidden, c.Hidden)
			m.classifier, m.classifierBias = fold(w.Classifier)
		},
	}
	for i, l := range w.Layers {
		jobs = append(jobs, func() {
			packed := m.packMix(l)
			if i < final {
				packed.scores, packed.values = m.packScores(l.Query, l.Key), m.packValues(l.Value)
			}
			m.layers[i] = packed
		})
	}
	inParallel(jobs)
}

// inParallel runs jobs on as many cores as the process may use, and returns when all are done.
func inParallel(jobs []func()) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(len(jobs), runtime.GOMAXPROCS(0)) {
		wg.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(jobs)); i = next.Add(1) - 1 {
				jobs[i]()
			}
		})
	}
	wg.Wait()
}

// packMix packs what of a layer follows attention.
func (m *model) packMix(l checkpoint.Layer) layer {
	c := m.config
	return layer{
		attention:     m.packMerge(l.AttentionOutput),
		attentionNorm: padNorm(l.AttentionNorm),
		up:            m.packLinear(l.Intermediate.Weight, l.Intermediate.Bias, c.Hidden, c.Intermediate, evenLevels),
		down:          m.packLinear(l.Output.Weight, l.Output.Bias, c.Intermediate, c.Hidden, positiveLevels),
		norm:          padNorm(l.OutputNorm),
	}
}

// With INT8, the more levels activations have the fewer steps weights have, since their products share 16 bits. The error is
// least where both are alike: for activations around zero, whose levels cover both signs, and for those of GELU and ReLU,
// which are hardly ever negative.
const (
	evenLevels     = 150
	positiveLevels = 105
)

// pack packs a linear layer in the model's precision; levels are for its input, if that is INT8.
func (m *model) packLinear(weight, bias []float32, in, out, levels int) *kernel.Panels {
	if m.precision == INT8 {
		return m.packer.Pack8(weight, bias, in, out, levels)
	}
	return m.packer.Pack(weight, bias, in, out)
}

// packScores packs the queries' and keys' projections side by side. Their product goes through the exponential function, where
// an error of a few percent of a score of 5 would be one of some tens of percent of a weight: with INT8 they have 16 bits.
func (m *model) packScores(query, key checkpoint.Linear) *kernel.Panels {
	weight, bias := m.padHeads(query, key)
	if m.precision == INT8 {
		return m.packer.Pack16(weight, bias, m.config.Hidden, len(bias))
	}
	return m.packer.Pack(weight, bias, m.config.Hidden, len(bias))
}

func (m *model) packValues(value checkpoint.Linear) *kernel.Panels {
	weight, bias := m.padHeads(value)
	return m.packLinear(weight, bias, m.config.Hidden, len(bias), evenLevels)
}

// padHeads puts projections side by side, each head's outputs padded with zeros.
func (m *model) padHeads(projections ...checkpoint.Linear) (weight, bias []float32) {
	in, size := m.config.Hidden, m.config.Hidden/m.config.Heads
	weight = make([]float32, len(projections)*m.attention*in)
	bias = make([]float32, len(projections)*m.attention)
	for i, p := range projections {
		for h := range m.config.Heads {
			to := i*m.attention + h*m.heads.Size
			copy(weight[to*in:], p.Weight[h*size*in:(h+1)*size*in])
			copy(bias[to:], p.Bias[h*size:(h+1)*size])
		}
	}
	return weight, bias
}

// packMerge packs the projection that reads the heads' outputs, its inputs padded as padHeads pads outputs.
func (m *model) packMerge(p checkpoint.Linear) *kernel.Panels {
	size := m.config.Hidden / m.config.Heads
	weight := make([]float32, p.Out*m.attention)
	for o := range p.Out {
		for h := range m.config.Heads {
			copy(weight[o*m.attention+h*m.heads.Size:], p.Weight[o*p.In+h*size:o*p.In+(h+1)*size])
		}
	}
	return m.packLinear(weight, p.Bias, m.attention, p.Out, evenLevels)
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
