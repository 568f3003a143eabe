package native

import (
	"slices"

	"github.com/crossrank/crossrank/internal/kernel"
)

// blockTokens is how many tokens go through the layers together, for each worker of a pass. Each
// block reads all weights once: below some hundred tokens that reading shows, and above it the
// activations no longer stay in the caches.
const blockTokens = 256

// chunkRows is how many rows of a block go together through what follows attention: 96 rows of
// MiniLM's feed-forward layer are 576 KiB, which stay near the core between its two products.
const chunkRows = 96

// scratch is the memory of one pass at a time, reused by the next. Workers that compute a pass
// together use the same one. Its size is bounded by the longest sequence; only the rows that the
// head reads grow, with the most sequences that a pass ever had.
type scratch struct {
	block   int       // most rows of a block of more than one sequence
	x       []float32 // (rows + 16) × hidden: the block's residual stream
	qkv     []float32 // (rows + 16) × projected: queries, keys and values
	context []float32 // rows × attention: the heads' outputs

	// Of a few rows, where workers share columns: what they compute of a row together.
	sum  []float32 // rows × hidden: a product
	feed []float32 // rows × intermediate

	// One row a sequence, of what the last layer and the head compute; the others of some rows, where
	// a team shares columns of them.
	read, readContext []float32
	readSum           []float32 // rows × hidden: a product
	readFeed          []float32 // rows × the wider of intermediate and the head's dense layer
}

// workspace is the memory of one worker alone.
type workspace struct {
	token     []float32 // embedding: that of a token, converted
	embedded  []float32 // chunkRows × embedding, if they are projected
	out       []float32 // chunkRows × the wider of hidden and the head's dense layer: a product, or rows of x
	normed    []float32 // chunkRows × hidden: what a pre-norm block's layers read
	gate      []float32 // chunkRows × intermediate: what multiplies feed
	feed      []float32 // chunkRows × intermediate
	attention []float32

	// The last layer's attention, see lastAttention.
	query          []float32 // attention
	projectedQuery []float32 // heads × hidden
	attendedInput  []float32 // heads × hidden

	sums    []float64 // hidden: of the rows whose mean the head reads
	buffers *kernel.Buffers
}

// newScratch makes the memory of a pass by one worker over sequences of up to maxTokens tokens.
func (m *model) newScratch(maxTokens int) *scratch {
	s := new(scratch)
	m.newMemory(1, maxTokens).lend(s, plan{1, 1, 1}, 0)
	return s
}

// newWorkspace makes the memory of one worker for sequences of up to maxTokens tokens.
func (m *model) newWorkspace(maxTokens int) *workspace {
	w := &workspace{
		buffers: kernel.NewBuffers(max(m.hidden, m.attention, m.intermediate)),
		token:   make([]float32, m.embedding),
		out:     make([]float32, chunkRows*max(m.hidden, m.head.ld)),
		feed:    make([]float32, chunkRows*m.intermediate),
		attention: make([]float32, max(kernel.RelativeScratch(maxTokens, m.heads, m.relativeTable),
			kernel.FewScratch(m.heads.Count, maxTokens, m.hidden))),
		query:          make([]float32, m.attention),
		projectedQuery: make([]float32, m.heads.Count*m.hidden),
		attendedInput:  make([]float32, m.heads.Count*m.hidden),
	}
	if m.embeddingProj != nil {
		w.embedded = make([]float32, chunkRows*m.embedding)
	}
	if m.readsAll() {
		w.sums = make([]float64, m.hidden)
	}
	if m.preNorm {
		w.normed = make([]float32, chunkRows*m.hidden)
	}
	if m.gated() {
		w.gate = make([]float32, chunkRows*m.intermediate)
	}
	return w
}

func (m *model) gated() bool {
	return slices.ContainsFunc(m.layers, func(l layer) bool { return l.gateProj != nil })
}

// reserve makes s large enough for passes of n sequences by a team. Call it before workers start on
// one.
func (m *model) reserve(s *scratch, team, n int) {
	if len(s.read) < n*m.hidden {
		s.read = make([]float32, n*m.hidden)
		s.readContext = make([]float32, n*m.attention)
	}
	if rows := min(n, chunkRows); team > 1 && len(s.readSum) < rows*m.hidden {
		s.readSum = make([]float32, rows*m.hidden)
		s.readFeed = make([]float32, rows*max(m.intermediate, m.head.ld))
	}
}
