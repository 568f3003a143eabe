package native

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/crossrank/crossrank/internal/kernel"
	"github.com/crossrank/crossrank/internal/network"
)

// model holds a network's weights as the kernels want them. It is read-only once packed and safe
// for concurrent use, each caller with a scratch of its own.
type model struct {
	kernels   *kernel.Set
	precision Precision
	act       kernel.Act
	heads     kernel.Heads
	width     int  // of the residual stream
	headSize  int  // unpadded
	readsLast bool // the head reads the last token, not the first

	// Strides of rows: all widths are padded to a multiple of kernel.Width. attention is that of
	// all heads side by side, each padded by itself.
	hidden, attention, intermediate, headDense int
	embedding                                  int // of embeddings before the projection

	packer kernel.Packer // holds the memory of all panels

	tokenEmbeddings    tokenEmbeddings
	positionEmbeddings []float32 // see packPositions
	typeStride         int       // rows of positionEmbeddings from a position of type 0 to the same of type 1
	positions          positionRule
	embeddingNorm      norm
	embeddingProj      *kernel.Panels // nil: none; float32 in every precision, since it is little work

	layers []layer // of the last, only what follows attention
	last   lastAttention

	pooler         *kernel.Panels // the head's dense layer
	headAct        func(float64) float64
	classifier     []float32 // see foldClassifier
	classifierBias float32
}

type layer struct {
	qkProj           *kernel.Panels // queries and keys, side by side
	vProj            *kernel.Panels
	outProj          *kernel.Panels
	attentionNorm    norm
	upProj, downProj *kernel.Panels
	feedForwardNorm  norm
}

type norm struct {
	width      int // unpadded
	gain, bias []float32
	eps        float32
}

// Precision says what the large weights are held and multiplied in.
type Precision string

const (
	FP32 Precision = "fp32" // float32 throughout

	// INT8 has 8 bits in linear layers and token embeddings, 16 bits in the projections of queries
	// and keys, and float32 in everything else.
	INT8 Precision = "int8"
)

// Precisions lists what [New] accepts; the first is the default.
var Precisions = []Precision{FP32, INT8}

var kernelActivations = map[network.Activation]kernel.Act{
	network.GELU: kernel.GELU, network.GELUTanh: kernel.GELUTanh, network.ReLU: kernel.ReLU,
}

// headActivations are those of a head: so few elements that they need no kernels.
var headActivations = map[network.Activation]func(float64) float64{
	network.Tanh: math.Tanh,
	network.GELU: func(x float64) float64 { return 0.5 * x * math.Erfc(-x/math.Sqrt2) },
	network.ReLU: func(x float64) float64 { return max(x, 0) },
	network.GELUTanh: func(x float64) float64 {
		return 0.5 * x * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(x+0.044715*x*x*x)))
	},
}

// pack packs a network's weights for a set of kernels. With FP32 the token embeddings are shared
// with the network where their width needs no padding; everything else is copied.
func pack(n *network.Network, kernels *kernel.Set, precision Precision) (*model, error) {
	if !slices.Contains(Precisions, precision) {
		return nil, fmt.Errorf("the native backend has no precision %q; it has %v", precision, Precisions)
	}
	if err := n.Validate(); err != nil {
		return nil, err
	}
	if err := n.Require("native", Operations()); err != nil {
		return nil, err
	}
	m := &model{
		kernels: kernels, precision: precision, act: kernelActivations[n.Activation],
		heads:        kernel.Heads{Count: n.Heads, Size: kernel.Pad(n.HeadSize), Scale: n.AttentionScale},
		width:        n.Hidden,
		headSize:     n.HeadSize,
		readsLast:    n.Head.Pooling == network.LastToken,
		hidden:       kernel.Pad(n.Hidden),
		embedding:    kernel.Pad(n.Embeddings.Tokens.Width),
		attention:    n.Heads * kernel.Pad(n.HeadSize),
		intermediate: kernel.Pad(n.Intermediate),
		headDense:    kernel.Pad(n.Head.Dense.Out),
	}
	m.packAll(n)
	return m, nil
}

// packAll packs everything, on all cores: the embeddings, which take longest, first.
func (m *model) packAll(n *network.Network) {
	final := len(n.Blocks) - 1
	m.layers = make([]layer, len(n.Blocks))
	jobs := []func(){
		func() { m.tokenEmbeddings = packTokens(n.Embeddings.Tokens, m.precision) },
		func() { m.packEmbeddings(&n.Embeddings) },
		func() { m.last = m.packLast(&n.Blocks[final]) },
		func() { m.packHead(&n.Head) },
	}
	for i := range n.Blocks {
		jobs = append(jobs, func() {
			b, l := &n.Blocks[i], &m.layers[i]
			m.packAfterAttention(l, b)
			if i < final {
				l.qkProj, l.vProj = m.packQueriesKeys(b.Query, b.Key), m.packValues(b.Value)
			}
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

// packEmbeddings packs all of the embeddings but the tokens'.
func (m *model) packEmbeddings(e *network.Embeddings) {
	m.packPositions(e)
	m.embeddingNorm = padNorm(e.Norm)
	if p := e.Projection; p != nil {
		m.embeddingProj = m.packer.Pack(p.Weight, biasOf(p), p.In, p.Out)
	}
}

func (m *model) packHead(h *network.Head) {
	m.headAct = headActivations[h.Activation]
	m.pooler = m.packer.Pack(h.Dense.Weight, biasOf(h.Dense), h.Dense.In, h.Dense.Out)
	m.classifier, m.classifierBias = foldClassifier(h.Output)
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
