package native

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/crossrank/crossrank/internal/half"
	"github.com/crossrank/crossrank/internal/kernel"
	"github.com/crossrank/crossrank/internal/network"
)

// model holds a network's weights as the kernels want them. It is read-only once packed and safe
// for concurrent use, each caller with a separate scratch.
type model struct {
	kernels   *kernel.Set
	precision Precision
	format    half.Format // of weights in 16 bits; "": there are none
	preNorm   bool
	causal    bool
	shares    bool // see network.Network.SharesPrefixes
	act       kernel.Act
	heads     kernel.Heads
	width     int // of the residual stream
	headSize  int // unpadded
	pooling   network.Pooling

	// Strides of rows: all widths are padded to a multiple of kernel.Width. attention is that of
	// all query heads side by side, each padded by itself; keyValues that of all key heads, or of
	// all value heads; projected that of queries, keys and values together.
	hidden, attention, intermediate int
	keyValues, projected            int
	embedding                       int // of embeddings before the projection

	quadratic int // see quadraticOf
	costs     costs

	packer *kernel.Packer // holds the memory of all panels

	tokenEmbeddings    tokenEmbeddings
	positionEmbeddings []float32 // see packPositions
	typeStride         int       // rows of positionEmbeddings from a position of type 0 to the same of type 1
	positions          positionRule
	embeddingNorm      norm
	projectedNorm      norm           // of projected embeddings, in place of embeddingNorm
	embeddingProj      *kernel.Panels // nil: none; float32 in every precision, since it is little work

	relativeRows  []int32 // of the network's relative positions; nil: none
	relativeTable int     // how many rows their table has

	rotaries  []*rotary
	layers    []layer
	last      lastAttention
	finalNorm norm
	head      head

	zeros []float32 // as wide as any row
}

// readsAll reports whether the head reads every row of a sequence, so that the last layer is like
// the others.
func (m *model) readsAll() bool { return m.pooling == network.MeanToken }

// whole are the layers that compute all rows of a sequence.
func (m *model) whole() []layer {
	if m.readsAll() {
		return m.layers
	}
	return m.layers[:len(m.layers)-1]
}

type layer struct {
	index         int
	attentionNorm norm
	qkProj        *kernel.Panels // queries and keys, side by side
	keyProj       *kernel.Panels // keys alone: instead of qkProj in the last layer, see lastAttention
	vProj         *kernel.Panels
	queryNorm     norm // over each head by itself
	keyNorm       norm
	rotary        *rotary          // nil: none
	window        int              // 0: none
	relative      *kernel.Relative // nil: none
	outProj       *kernel.Panels

	feedForwardNorm  norm
	gateProj         *kernel.Panels // nil: none
	upProj, downProj *kernel.Panels
}

// norm is a layer norm or a root mean square norm, or none if it has no gain.
type norm struct {
	rms        bool
	width      int // unpadded
	gain, bias []float32
	eps        float32
}

// Precision says what the large weights are held and multiplied in.
type Precision string

const (
	FP32 Precision = "fp32" // float32 throughout

	// FP16 and BF16 hold the weights of the blocks' linear layers and the token embeddings in 16
	// bits, and compute in float32: logits have the bits of FP32 on a network with these weights
	// rounded. Embeddings that are in 16 bits already stay as they are.
	FP16 Precision = "fp16"
	BF16 Precision = "bf16"

	// BF16Dot holds weights as BF16 does, and rounds what the linear layers of blocks read to bfloat16
	// too, so that instructions for such products can be used, see [kernel.Packer.PackDot]. Products
	// are summed in float32, which everything else is.
	BF16Dot Precision = "bf16-dot"

	// INT8 has 8 bits in linear layers and token embeddings, 16 bits in the projections of queries
	// and keys, and float32 in everything else.
	INT8 Precision = "int8"
)

// Precisions lists what [New] accepts; the first is the default.
var Precisions = []Precision{FP32, FP16, BF16, BF16Dot, INT8}

// halfFormats are those of the precisions whose weights are floats of 16 bits.
var halfFormats = map[Precision]half.Format{FP16: half.F16, BF16: half.BF16, BF16Dot: half.BF16}

// Stored is the precision whose logits have the bits of FP32 on weights that are stored in a format
// of 16 bits; "" for other weights.
func Stored(format half.Format) Precision {
	switch format {
	case half.F16:
		return FP16
	case half.BF16:
		return BF16
	}
	return ""
}

var kernelActivations = map[network.Activation]kernel.Act{
	network.GELU: kernel.GELU, network.GELUTanh: kernel.GELUTanh, network.ReLU: kernel.ReLU,
	network.SiLU: kernel.SiLU,
}

// newModel makes a model without its weights.
func newModel(n *network.Network, kernels *kernel.Set, precision Precision) (*model, error) {
	if !slices.Contains(Precisions, precision) {
		return nil, fmt.Errorf("the native backend has no precision %q; it has %v", precision, Precisions)
	}
	if err := n.Require("native", Operations()); err != nil {
		return nil, err
	}
	m := &model{
		kernels: kernels, precision: precision, format: halfFormats[precision], act: kernelActivations[n.Activation],
		heads:        kernel.Heads{Count: n.Heads, KV: n.KVHeads, Size: kernel.Pad(n.HeadSize), Scale: n.AttentionScale},
		packer:       kernel.NewPacker(kernels),
		preNorm:      n.PreNorm,
		causal:       n.Causal,
		shares:       n.SharesPrefixes(),
		width:        n.Hidden,
		headSize:     n.HeadSize,
		pooling:      n.Head.Pooling,
		hidden:       kernel.Pad(n.Hidden),
		embedding:    kernel.Pad(n.Embeddings.Tokens.Width),
		attention:    n.Heads * kernel.Pad(n.HeadSize),
		keyValues:    n.KVHeads * kernel.Pad(n.HeadSize),
		intermediate: kernel.Pad(n.Intermediate),
		layers:       make([]layer, len(n.Blocks)),
	}
	m.quadratic = m.quadraticOf(n)
	if err := checkAttention(n); err != nil {
		return nil, err
	}
	m.projected = m.attention + 2*m.keyValues
	m.head.ld = kernel.Pad(n.Head.Output.In)
	m.zeros = make([]float32, max(m.hidden, m.head.ld, m.heads.Size))
	for i := range n.Blocks {
		b, l := &n.Blocks[i], &m.layers[i]
		l.index = i
		l.rotary, l.window = m.rotaryOf(b.Rotary), b.Window
	}
	if n.Relative != nil {
		m.relativeRows, m.relativeTable = n.Relative.Rows, n.Relative.Table.Rows
	}
	return m, nil
}

// checkAttention refuses combinations that no kernel computes, of operations that this executor
// has.
func checkAttention(n *network.Network) error {
	window := slices.IndexFunc(n.Blocks, func(b network.Block) bool { return b.Window > 0 })
	switch {
	case n.Relative != nil && window >= 0:
		return fmt.Errorf("the native backend has no relative positions within a window, as block %d has them", window)
	case n.Causal && window >= 0:
		return errors.New("the native backend has no causal attention within a window yet")
	case n.Causal && n.Relative != nil:
		return errors.New("the native backend has no causal attention with relative positions yet")
	case n.Relative != nil && n.Heads != n.KVHeads:
		return errors.New("the native backend has no relative positions of heads that share keys yet")
	case n.HeadSize%kernel.Width != 0 && slices.ContainsFunc(n.Blocks, func(b network.Block) bool {
		return b.QueryNorm != nil && !b.QueryNorm.RMS || b.KeyNorm != nil && !b.KeyNorm.RMS
	}):
		return fmt.Errorf("the native backend has no layer norms of heads of %d elements yet", n.HeadSize)
	}
	return nil
}

// packBlock packs the weights of one block, on all cores: so that few blocks that are read and not
// packed yet are in memory.
func (m *model) packBlock(l *layer, b *network.Block) {
	jobs := m.packAfterAttention(l, b)
	l.queryNorm, l.keyNorm = m.padHeadNorm(l.order(), b.QueryNorm), m.padHeadNorm(l.order(), b.KeyNorm)
	if final := &m.layers[len(m.layers)-1]; l == final && !m.readsAll() {
		jobs = append(jobs, func() { m.packLast(l, b) })
	} else {
		jobs = append(jobs,
			func() { l.qkProj = m.packQueriesKeys(l, &b.Query, &b.Key) },
			func() { l.vProj = m.packValues(&b.Value) })
	}
	inParallel(jobs)
}

// packRest packs what is outside of the blocks, and what relative positions make of it and the
// blocks' projections.
func (m *model) packRest(n *network.Network, positions []positionProjections) {
	inParallel([]func(){
		func() { m.packTokens(n.Embeddings.Tokens) },
		func() { m.packEmbeddings(&n.Embeddings) },
		func() { m.finalNorm = padNorm(n.FinalNorm); m.packHead(&n.Head) },
	})
	if n.Relative != nil {
		m.packRelative(n.Relative, positions)
	}
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
	if e.ProjectFirst {
		m.projectedNorm = padNorm(e.Norm)
	} else {
		m.embeddingNorm = padNorm(e.Norm)
	}
	if p := e.Projection; p != nil {
		m.embeddingProj = m.packer.Pack(p, biasOf(p), p.In, p.Out)
	}
}
